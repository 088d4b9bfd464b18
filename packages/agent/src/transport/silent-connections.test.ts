/** One stranger holds three hundred connections that say nothing, and replaces each that is closed: hosts join all the same. */
import assert from 'node:assert/strict'
import net from 'node:net'
import { test } from 'node:test'
import { party, until } from './testing.ts'

test('three hundred silent connections of one address keep no host out', async () => {
  const a = await party({ loopback: false })
  const port = Number(/tcp\/(\d+)/.exec(a.address)?.[1])
  const sockets = new Set<net.Socket>()
  let flooding = true
  const hold = (): void => {
    if (!flooding) return
    const socket = net.connect(port, '127.0.0.1')
    sockets.add(socket)
    socket.on('error', () => {})
    socket.on('close', () => {
      sockets.delete(socket)
      setTimeout(hold, 50).unref()
    })
  }
  for (let i = 0; i < 300; i++) hold()
  await until(
    'they are open',
    () => [...sockets].filter((one) => one.readyState === 'open').length > 200,
    20_000,
  )
  const b = await party({ loopback: false, bootstrap: [a.address] })
  await until('it joins', () => a.transport.peers().includes(b.id), 60_000)
  assert.deepEqual(a.strangers, [], 'whatever says nothing has no wrong key')
  flooding = false
  for (const socket of sockets) socket.destroy()
  await b.transport.stop()
  await a.transport.stop()
})
