// A cut is silence and nothing else: messages are lost, gossip takes the way round where there is one.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Transport, TransportHandlers } from '@drover/agent/runtime'
import { asHostId, type HostId } from '@drover/protocol'
import { randomOf } from '../random.ts'
import { createCuts } from './cuts.ts'

/** Three transports that deliver at once, each wrapped. */
const network = async (lossSeed = 1) => {
  const ids = ['A', 'B', 'C'].map(asHostId)
  const handlers = new Map<HostId, TransportHandlers>()
  const heard: string[] = []
  const cuts = createCuts(
    (concern) => randomOf(lossSeed, concern),
    () => ids,
  )
  const transports = new Map<HostId, Transport>()
  for (const self of ids) {
    const bare = {
      self,
      start: async (given: TransportHandlers) => void handlers.set(self, given),
      send: (to: HostId, bytes: Uint8Array) => void handlers.get(to)?.received(self, bytes),
      publish: (bytes: Uint8Array) => {
        for (const [to, given] of handlers) if (to !== self) given.heard(self, bytes)
      },
    } as unknown as Transport
    const wrapped = cuts.wrap(bare)
    transports.set(self, wrapped)
    await wrapped.start({
      received: (from) => heard.push(`${from}>${self}`) > 0,
      heard: (from) => heard.push(`${from}~${self}`) > 0,
      connected: () => {},
      disconnected: () => {},
      stranger: () => {},
      silent: () => {},
    })
  }
  const nothing = new Uint8Array()
  return {
    cuts,
    ids,
    say(from: string, to: string): string[] {
      heard.length = 0
      transports.get(asHostId(from))?.send(asHostId(to), nothing)
      return [...heard]
    },
    gossip(from: string): string[] {
      heard.length = 0
      transports.get(asHostId(from))?.publish(nothing)
      return [...heard]
    },
  }
}
const [A, B, C] = ['A', 'B', 'C'].map(asHostId) as [HostId, HostId, HostId]

test('between two hosts: no message, but gossip by way of the third', async () => {
  const { cuts, say, gossip } = await network()
  cuts.cut(A, B)
  assert.deepEqual([say('A', 'B'), say('B', 'A'), say('A', 'C')], [[], [], ['A>C']])
  assert.deepEqual(gossip('A'), ['A~B', 'A~C'])
  cuts.cut(A, C)
  assert.deepEqual(gossip('A'), [])
  cuts.heal(A, B)
  assert.deepEqual([say('A', 'B'), say('A', 'C'), gossip('A')], [['A>B'], [], ['A~B', 'A~C']])
  cuts.heal()
  assert.deepEqual(say('A', 'C'), ['A>C'])
})

test('one way: no host hears A, and A hears them', async () => {
  const { cuts, say } = await network()
  cuts.cut(A, B, { oneWay: true })
  assert.deepEqual([say('A', 'B'), say('B', 'A')], [[], ['B>A']])
})

test('loss takes its share, the same for the same seed', async () => {
  const lost = async (): Promise<number> => {
    const { cuts, say } = await network(3)
    cuts.lose(300)
    return Array.from({ length: 1_000 }, () => say('A', 'B').length).filter((n) => n === 0).length
  }
  const first = await lost()
  assert.ok(first > 250 && first < 350, `${first}`)
  assert.equal(await lost(), first)
})
