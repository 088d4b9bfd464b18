/** Agents on loopback, over real TCP: which peers get in, what arrives, and what happens when it stops arriving. */
import assert from 'node:assert/strict'
import net from 'node:net'
import { after, suite, test } from 'node:test'
import { limits } from '@drover/protocol'
import { multiaddr } from '@multiformats/multiaddr'
import { bounds } from './bounds.ts'
import { messageProtocol } from './channel.ts'
import { createClusterKeyProtector } from './cluster-key.ts'
import { createIdentity } from './identity.ts'
import { createLiveness } from './liveness.ts'
import { createStack } from './stack.ts'
import { garbage, type Party, party, pause, text, until } from './testing.ts'

/** Every transport of this file ends with it, whatever fails. */
const parties: Party[] = []
const join = async (...args: Parameters<typeof party>): Promise<Party> => {
  const one = await party(...args)
  parties.push(one)
  return one
}
after(async () => {
  await Promise.all(parties.map((one) => one.transport.stop()))
})

const areConnected = (...all: Party[]): boolean =>
  all.every((one) => all.every((other) => one === other || one.transport.peers().includes(other.id)))

suite('two agents', () => {
  test('talk in order, both ways', async () => {
    // B knows A's address; A learns of B when it comes. Then each says many things, without waiting.
    const a = await join()
    const b = await join({ bootstrap: [a.address] })
    await until('connected', () => areConnected(a, b))
    for (let i = 0; i < 200; i++) {
      a.transport.send(b.id, text(`a${i}`))
      b.transport.send(a.id, text(`b${i}`))
    }
    await until('all arrived', () => a.received.length === 200 && b.received.length === 200)
    assert.deepEqual(
      b.received,
      Array.from({ length: 200 }, (_, i) => `${a.id}: a${i}`),
    )
    assert.deepEqual(
      a.received,
      Array.from({ length: 200 }, (_, i) => `${b.id}: b${i}`),
    )
    const counted = b.transport.counters()
    assert.deepEqual([counted.messagesIn, counted.messagesOut, counted.undelivered], [200, 200, 0])
  })

  test('pass a message as large as the limit, and none larger', async () => {
    // A member's snapshot may be big; above the limit the sender itself does not even try.
    const a = await join()
    const b = await join({ bootstrap: [a.address] })
    await until('connected', () => areConnected(a, b))
    a.transport.send(b.id, Buffer.alloc(limits.messageBytesMax, 'x'))
    a.transport.send(b.id, Buffer.alloc(limits.messageBytesMax + 1, 'x'))
    a.transport.send(b.id, text('after'))
    await until('arrived', () => b.received.length === 2)
    assert.equal(a.transport.counters().undelivered, 1)
    assert.equal(b.transport.counters().bytesIn, limits.messageBytesMax + 5)
  })

  test('that dial each other at the same time end up with one connection', async () => {
    // Both were configured with the other's address, and start together.
    const first = await party()
    const second = await party()
    await Promise.all([first.transport.stop(), second.transport.stop()])
    const listenAs = (one: Party) => one.address.replace(/\/p2p\/.*$/, '')
    const [a, b] = await Promise.all([
      join({ privateKey: first.key, listen: [listenAs(first)], bootstrap: [second.address] }),
      join({ privateKey: second.key, listen: [listenAs(second)], bootstrap: [first.address] }),
    ])
    await until('connected', () => areConnected(a, b))
    await pause(300)
    assert(areConnected(a, b))
    a.transport.send(b.id, text('still here?'))
    await until('arrived', () => b.received.length === 1)
    assert.deepEqual([a.events, b.events], [[`+${b.id}`], [`+${a.id}`]])
  })

  test('find each other through a third', async () => {
    // B and C know only A.
    const a = await join()
    const b = await join({ bootstrap: [a.address.replace(/\/p2p\/.*$/, '')] })
    const c = await join({ bootstrap: [a.address] })
    await until('all know all', () => areConnected(a, b, c))
    b.transport.send(c.id, text('hello'))
    await until('arrived', () => c.received.length === 1)
  })
})

suite('strangers', () => {
  test('with another cluster key are refused, counted and reported', async () => {
    // An operator copied the configuration of another cluster.
    const a = await join()
    const stranger = await join({ bootstrap: [a.address], clusterKey: Buffer.from('another key') })
    await until('reported', () => a.strangers.length > 0)
    assert.match(a.strangers[0] ?? '', /^\/ip4\/127\.0\.0\.1 does not have the cluster key$/)
    assert(a.transport.counters().strangers > 0)
    assert.deepEqual([a.events, stranger.events], [[], []])
    // It hears of it too: perhaps its own key is the wrong one.
    await until('told', () => stranger.strangers.length > 0)
  })

  test('without any key are refused, and say nothing that we would read', async () => {
    const a = await join()
    const stranger = await join({ bootstrap: [a.address], clusterKey: null })
    await until('reported', () => a.strangers.length > 0)
    assert.deepEqual([a.events, stranger.events], [[], []])
  })

  test('that only echo our own words do not pass as members', async () => {
    // It has no key, so it answers our challenge with our challenge, and our proof with our proof.
    const a = await join()
    const port = Number(/\/tcp\/(\d+)/.exec(a.address)?.[1])
    const socket = net.connect(port, '127.0.0.1')
    socket.on('data', (bytes) => socket.write(bytes))
    socket.on('error', () => undefined)
    await until('reported', () => a.strangers.length > 0)
    assert.match(a.strangers[0] ?? '', /does not have the cluster key/)
    socket.destroy()
  })

  test('that have the key but are not on the allow-list are refused', async () => {
    // The key leaked; the list still holds.
    const friend = await createIdentity()
    const b = await party({ privateKey: friend })
    parties.push(b)
    const a = await join({ allow: [b.id] })
    const stranger = await join({ bootstrap: [a.address] })
    b.transport.introduce([a.address])
    await until('the friend is in', () => areConnected(a, b))
    await until('reported', () => a.strangers.length > 0)
    assert.equal(a.strangers[0], `${stranger.id} is not on the allow-list`)
    assert.deepEqual(a.events, [`+${b.id}`])
    assert(!stranger.events.includes(`+${a.id}`))
    // Nor does A dial it when another peer tells its address.
    a.transport.introduce([stranger.address])
    a.transport.send(stranger.id, text('psst'))
    assert.equal(a.transport.counters().undelivered, 1)
  })
})

suite('garbage', () => {
  test('closes the stream, not the agent; the next message gets through', async () => {
    // A faulty version sends something undecodable once.
    const a = await join()
    const b = await join({ bootstrap: [a.address] })
    await until('connected', () => areConnected(a, b))
    b.transport.send(a.id, text('before'))
    await until('arrived', () => a.received.length === 1)
    b.transport.send(a.id, text(garbage))
    await until('counted', () => a.transport.counters().garbage === 1)
    await pause(50) // the reset has to reach B, or its next message is lost with the old stream
    b.transport.send(a.id, text('after'))
    await until('arrived', () => a.received.length === 2)
    assert.deepEqual(a.events, [`+${b.id}`])
  })

  test('again and again closes the connection, and is refused for a while', async () => {
    const a = await join()
    const b = await join({ bootstrap: [a.address] })
    const c = await join({ bootstrap: [a.address] })
    await until('connected', () => areConnected(a, b, c))
    for (let i = 1; i <= bounds.garbageMax; i++) {
      b.transport.send(a.id, text(garbage))
      await until('counted', () => a.transport.counters().garbage === i)
      await pause(50)
    }
    await until('cut', () => a.events.includes(`-${b.id}`))
    await pause(700) // B dials again, in vain
    assert.deepEqual(
      a.events.filter((event) => event.endsWith(b.id)),
      [`+${b.id}`, `-${b.id}`],
    )
    c.transport.send(a.id, text('unharmed?'))
    await until('arrived', () => a.received.length === 1)
  })

  test('a frame that announces more than the limit is garbage', async () => {
    // A peer that has the key, but is not one of ours: it claims a frame of 2 MiB. Nothing of it is buffered.
    const a = await join()
    const alive = createLiveness()
    const rogue = await createStack({
      privateKey: await createIdentity(),
      listen: [],
      announce: [],
      protector: createClusterKeyProtector({
        secret: Buffer.from('a secret that the whole cluster shares'),
        opened: () => undefined,
        refused: () => undefined,
        silent: () => undefined,
      }),
      gater: {},
      liveness: alive,
      loopback: true,
    })
    await rogue.start()
    const connection = await rogue.dial(multiaddr(a.address))
    const stream = await connection.newStream(messageProtocol)
    stream.send(Uint8Array.of(0x80, 0x80, 0x80, 0x01, 1, 2, 3))
    await until('counted', () => a.transport.counters().garbage === 1)
    await until('closed', () => stream.status !== 'open')
    assert.equal(connection.status, 'open')
    await rogue.stop()
    alive.stop()
  })
})

suite('loss', { concurrency: true }, () => {
  test('of an agent is noticed, and its return as well', async () => {
    // B crashes without a word, and starts again as itself.
    const a = await join()
    const b = await party({ bootstrap: [a.address] })
    await until('connected', () => areConnected(a, b))
    b.transport.kill()
    await until('noticed', () => a.events.includes(`-${b.id}`))
    assert.deepEqual(a.transport.peers(), [])
    a.transport.send(b.id, text('too late'))

    const listen = [b.address.replace(/\/p2p\/.*$/, '')]
    const again = await join({ privateKey: b.key, listen })
    await until('A found it again', () => areConnected(a, again))
    a.transport.send(again.id, text('welcome back'))
    await until('arrived', () => again.received.includes(`${a.id}: welcome back`))
  })

  test('of the network is noticed although nothing is closed', async () => {
    // A switch dies between A and B: both sockets stay open, and nothing comes through any more.
    const a = await join()
    const port = Number(/\/tcp\/(\d+)/.exec(a.address)?.[1])
    const ends: net.Socket[] = []
    let cut = false
    const wire = net.createServer((near) => {
      const far = net.connect(port, '127.0.0.1')
      ends.push(near, far)
      near.on('data', (bytes) => cut || far.write(bytes)).on('error', () => undefined)
      far.on('data', (bytes) => cut || near.write(bytes)).on('error', () => undefined)
    })
    await new Promise<void>((resolve) => wire.listen(0, '127.0.0.1', resolve))
    const { port: through } = wire.address() as net.AddressInfo
    const b = await join({ bootstrap: [`/ip4/127.0.0.1/tcp/${through}`] })
    await until('connected', () => areConnected(a, b))
    cut = true
    await until('both noticed', () => a.events.includes(`-${b.id}`) && b.events.includes(`-${a.id}`))
    for (const end of ends) end.destroy()
    wire.close()
  })

  test('of the other side leaves a bounded queue behind', async () => {
    // B is gone, and A goes on talking to it: what exceeds the queue, or waits too long, is counted as undelivered.
    const a = await join()
    const b = await party({ bootstrap: [a.address] })
    await until('connected', () => areConnected(a, b))
    b.transport.kill()
    await until('noticed', () => a.transport.peers().length === 0)
    const many = bounds.queueMessagesMax * 3
    for (let i = 0; i < many; i++) a.transport.send(b.id, text(`${i}`))
    assert(a.transport.counters().undelivered >= many - bounds.queueMessagesMax)
    await until('given up', () => a.transport.counters().undelivered === many)
  })

  test('messages to an unknown peer are counted at once', async () => {
    const a = await join()
    a.transport.send('12D3KooWGzBX7pDGf4Ykm3x7GzBX7pDGf4Ykm3x7GzBX7pDGf4Yk' as Party['id'], text('hello?'))
    assert.equal(a.transport.counters().undelivered, 1)
  })

  test('stopping says goodbye, and nothing is heard afterwards', async () => {
    const a = await join()
    const b = await party({ bootstrap: [a.address] })
    await until('connected', () => areConnected(a, b))
    await b.transport.stop()
    await until('noticed', () => a.events.includes(`-${b.id}`))
    const events = b.events.length
    b.transport.send(a.id, text('ghost'))
    b.transport.publish(text('ghost'))
    await pause(100)
    assert.deepEqual([a.received, a.heard, b.events.length], [[], [], events])
  })
})

suite('gossip', () => {
  test('reaches all, names its author, and does not carry garbage', async () => {
    // Five agents; one publishes, then publishes the same again, then rubbish.
    const first = await join()
    const others = await Promise.all([1, 2, 3, 4].map(() => join({ bootstrap: [first.address] })))
    const all = [first, ...others]
    await until('connected', () => areConnected(...all))
    const [author] = others
    assert(author)
    const readers = all.filter((one) => one !== author)
    // The mesh forms within a second or two; until then some are reached only by luck.
    await until('the mesh has formed', () => {
      author.transport.publish(text('are you there'))
      return readers.every((one) => one.heard.length > 0)
    })
    await pause(200)
    const count = (one: Party, what: string) =>
      one.heard.filter((line) => line === `${author.id}: ${what}`).length
    author.transport.publish(text('load 7'))
    author.transport.publish(text('load 7'))
    await until('all heard both', () => readers.every((one) => count(one, 'load 7') === 2))
    assert.equal(author.heard.length, 0)

    author.transport.publish(text(garbage))
    await until('refused by the first that got it', () =>
      readers.some((one) => one.transport.counters().garbage > 0),
    )
    await pause(100)
    for (const one of readers) assert(one.transport.counters().garbage <= 1)
    assert(readers.every((one) => one.transport.peers().length === 4))
  })
})
