/** The proxy between two hosts, on addresses of this machine: what passes, late, slowly, not at all, and what is torn. */
import assert from 'node:assert/strict'
import { connect, createServer, type Socket } from 'node:net'
import { type TestContext, test } from 'node:test'
import { waitUntil } from '../../../packages/sim/src/harness/wait.ts'
import { createProxies } from './proxies.ts'

const patienceMs = 20_000

interface End {
  readonly socket: Socket
  readonly text: () => string
  readonly over: () => 'end' | 'reset' | null
}

const endOf = (socket: Socket): End => {
  let text = ''
  let over: 'end' | 'reset' | null = null
  socket.on('data', (data) => {
    text += data.toString()
  })
  socket.on('end', () => {
    over = 'end'
  })
  socket.on('error', () => {
    over = 'reset'
  })
  return { socket, text: () => text, over: () => over }
}

/** Two hosts of a network of their own below 127/8; on the second listens a server that keeps what it has accepted. */
const twoHosts = async (context: TestContext, net: number) => {
  const [front, back] = [`127.${net}.0`, `127.${net}.1`]
  const accepted: End[] = []
  const listener = createServer({ allowHalfOpen: true }, (socket) => accepted.push(endOf(socket)))
  await new Promise<void>((resolve) => listener.listen({ host: `${back}.2`, port: 0 }, resolve))
  const address = listener.address()
  assert.ok(typeof address === 'object' && address !== null)
  const { port } = address
  const proxies = await createProxies({ hosts: 2, front, back, port })
  context.after(async () => {
    await proxies.close()
    for (const { socket } of accepted) socket.destroy()
    listener.close()
  })
  return {
    proxies,
    accepted,
    front,
    dial: (from: number): End => {
      const socket = connect({
        host: `${front}.2`,
        port,
        localAddress: `${back}.${from}`,
        allowHalfOpen: true,
      })
      context.after(() => socket.destroy())
      return endOf(socket)
    },
    async pair(): Promise<readonly [End, End]> {
      const before = accepted.length
      const client = this.dial(1)
      await waitUntil(() => accepted.length > before, patienceMs)
      const server = accepted[before]
      assert.ok(server !== undefined)
      return [client, server]
    },
  }
}

test('both directions pass, and the agent sees its peer at the address where that one is announced', async (context) => {
  const net = await twoHosts(context, 91)
  const [client, server] = await net.pair()
  client.socket.write('to')
  server.socket.write('fro')
  await waitUntil(() => server.text() === 'to' && client.text() === 'fro', patienceMs)
  assert.equal(server.socket.remoteAddress, `${net.front}.1`)
  client.socket.end('bye')
  await waitUntil(() => server.over() === 'end', patienceMs)
  assert.equal(server.text(), 'tobye')
  assert.equal(client.over(), null) // half closed only
  server.socket.end()
  await waitUntil(() => client.over() === 'end' && net.proxies.connections === 0, patienceMs)
})

test('a one-way cut holds one direction back, ends included; healed, all of it arrives in order', async (context) => {
  const net = await twoHosts(context, 92)
  const [client, server] = await net.pair()
  net.proxies.way(1, 2).change({ held: true })
  for (const word of ['a', 'b', 'c']) client.socket.write(word)
  client.socket.end()
  server.socket.write('still heard')
  await waitUntil(() => client.text() === 'still heard', patienceMs)
  assert.equal(server.text(), '')
  assert.equal(server.over(), null)
  net.proxies.heal()
  await waitUntil(() => server.over() === 'end', patienceMs)
  assert.equal(server.text(), 'abc')
})

test('over a way that is cut no connection begins; over the other one it does', async (context) => {
  const net = await twoHosts(context, 93)
  net.proxies.way(1, 2).change({ held: true })
  const client = net.dial(1)
  client.socket.write('hello')
  await waitUntil(() => net.proxies.connections === 1, patienceMs)
  assert.equal(net.accepted.length, 0)
  net.proxies.way(1, 2).change({ held: false })
  await waitUntil(() => net.accepted[0]?.text() === 'hello', patienceMs)
})

test('a delay keeps the order, and a limit of bytes is one for all connections together', async (context) => {
  const net = await twoHosts(context, 94)
  const [client, server] = await net.pair()
  net.proxies.way(1, 2).change({ delayMs: 60, jitterMs: 60 })
  const begun = performance.now()
  for (let i = 0; i < 10; i++) client.socket.write(`${i}`)
  await waitUntil(() => server.text() === '0123456789', patienceMs)
  assert.ok(performance.now() - begun >= 60)

  net.proxies.way(1, 2).change({ delayMs: 0, jitterMs: 0, bytesPerSecond: 100_000 })
  const [second, there] = await net.pair()
  const slow = performance.now()
  client.socket.write('x'.repeat(10_000))
  second.socket.write('y'.repeat(10_000))
  await waitUntil(() => server.text().length + there.text().length === 20_010, patienceMs)
  assert.ok(performance.now() - slow >= 95, 'the second of two waits until the first has passed')
})

test('a reset tears both ends; a stranger is refused, and so is a way that does not exist', async (context) => {
  const net = await twoHosts(context, 95)
  const [client, server] = await net.pair()
  assert.equal(net.proxies.reset(2, 1), 1)
  await waitUntil(() => client.over() === 'reset' && server.over() === 'reset', patienceMs)
  assert.equal(net.proxies.connections, 0)

  const stranger = net.dial(9)
  await waitUntil(() => stranger.over() === 'reset', patienceMs)
  for (const one of net.accepted) one.socket.destroy()
  assert.throws(() => net.proxies.way(1, 3), RangeError)
})
