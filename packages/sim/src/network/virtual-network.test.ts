// Three agents' transports in virtual time: what is said arrives in its order; deaths, cuts and power failures are told apart.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Transport } from '@drover/agent/runtime'
import { asHostId, type HostId } from '@drover/protocol'
import { randomOf } from '../random.ts'
import { manualClock } from '../time/clock.ts'
import { createNetwork, type Weather } from './model.ts'
import { createVirtualNetwork } from './virtual-network.ts'

const ids = ['a', 'b', 'c'].map(asHostId)
const [a, b, c] = ids as [HostId, HostId, HostId]

const connected = (weather: Partial<Weather> = {}) => {
  const clock = manualClock()
  const model = createNetwork({ random: (concern) => randomOf(1, concern), weather })
  const garbage: string[] = []
  const waits: string[] = []
  const network = createVirtualNetwork({
    clock,
    model,
    ids,
    onWait: (from, to, { messages, bytes }) => waits.push(`${from}>${to} ${messages} ${bytes}`),
    onGarbage: (from, to) => garbage.push(`${from}>${to}`),
  })
  const log: string[] = []
  const lives = new Map<HostId, Transport>()
  const start = (self: HostId): void => {
    const transport = network.transport(self)
    lives.set(self, transport)
    const say = (what: string): boolean => log.push(`${clock.now()} ${self} ${what}`) > 0
    void transport.start({
      received: (from, [number = 0]) => say(`${from}:${number}`) && number < 100,
      heard: (from) => say(`~${from}`),
      connected() {},
      disconnected: (host) => void say(`lost ${host}`),
      stranger() {},
      silent() {},
    })
  }
  for (const id of ids) start(id)
  const send = (from: HostId, to: HostId, number: number) => lives.get(from)!.send(to, Uint8Array.of(number))
  const heard = async (ms: number): Promise<string[]> => {
    await clock.advance(ms)
    return log.splice(0)
  }
  return { network, garbage, waits, lives, start, send, heard }
}

test('messages arrive in their order, and a message that cannot be read is reported', async () => {
  const { send, heard, garbage } = connected({ jitterMs: 40 })
  for (const number of [1, 2, 3, 100]) send(a, b, number)
  assert.deepEqual(
    (await heard(100)).map((line) => line.split(' ').slice(1).join(' ')),
    ['b a:1', 'b a:2', 'b a:3', 'b a:100'],
  )
  assert.deepEqual(garbage, ['a>b'])
})

test('a killed process closes its connections at once; what is said to it is lost; its next life hears again', async () => {
  const { lives, start, send, heard } = connected()
  lives.get(b)!.kill()
  send(a, b, 1)
  assert.deepEqual(await heard(10), ['1 a lost b', '1 c lost b'])
  send(b, a, 2)
  start(b)
  send(a, b, 3)
  assert.deepEqual(await heard(10), ['11 b a:3'], 'a dead transport says nothing')
})

test('a host without power is silent, and noticed later; one that is back by then is not missed', async () => {
  const { network, lives, start, heard } = connected()
  network.fallSilent(b)
  lives.get(b)!.kill()
  assert.deepEqual(await heard(2_999), [])
  assert.deepEqual(await heard(1), ['3000 a lost b', '3000 c lost b'])
  start(b)
  network.fallSilent(b)
  lives.get(b)!.kill()
  await heard(1_000)
  start(b)
  assert.deepEqual(await heard(10_000), [])
})

test('a cut swallows what is on its way; gossip goes round it; both notice, unless it is healed by then', async () => {
  const { network, lives, send, heard } = connected()
  send(a, b, 1)
  network.cut(a, b)
  send(b, a, 2)
  lives.get(a)!.publish(Uint8Array.of(0))
  assert.deepEqual(await heard(10), ['1 b ~a', '1 c ~a'])
  assert.deepEqual(lives.get(a)!.peers(), [c])
  assert.deepEqual(await heard(3_000), ['3000 a lost b', '3000 b lost a'])
  network.heal()
  network.cut(a, c, { oneWay: true })
  network.heal()
  send(a, c, 3)
  assert.deepEqual(await heard(10_000), ['3011 c a:3'])
})

test('a clog holds back the messages of one host to the other', async () => {
  const { network, send, heard } = connected()
  network.clog(a, b, 5_000)
  for (const number of [1, 2]) send(a, b, number)
  send(b, a, 3)
  assert.deepEqual(await heard(10_000), ['1 a b:3', '5000 b a:1', '5000 b a:2'])
})

test('a clog that is healed lets go of what it held back, and holds nothing back any more', async () => {
  const { network, send, heard } = connected()
  network.clog(a, b, 5_000)
  network.clog(a, c, 5_000)
  for (const number of [1, 2]) send(a, b, number)
  send(a, c, 4)
  await heard(1_000)
  network.heal(a, b)
  send(a, b, 3)
  assert.deepEqual(await heard(1_000), ['1000 b a:1', '1000 b a:2', '1001 b a:3'])
  assert.deepEqual(await heard(10_000), ['5000 c a:4'])
})

test('what is said to a process that was cut off waits for its connection, two seconds at most, and a life of its sender', async () => {
  const { network, start, lives, waits, send, heard } = connected()
  network.still(b, true)
  await heard(4_000)
  send(a, b, 1)
  send(c, b, 7)
  await heard(1_500)
  send(a, b, 2)
  send(c, b, 8)
  assert.deepEqual(waits, ['a>b 1 1', 'c>b 1 1', 'a>b 2 2', 'c>b 2 2'])
  lives.get(c)!.kill()
  start(c)
  await heard(600)
  network.still(b, false)
  send(b, a, 3)
  assert.deepEqual(
    (await heard(300)).filter((line) => line.includes(':')),
    ['6351 a b:3', '6351 b a:2'],
  )
  send(a, b, 4)
  assert.deepEqual(await heard(100), ['6401 b a:4'])
})
