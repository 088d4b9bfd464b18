/** One connection to a daemon that answers, is silent, dies, or talks nonsense: it ends in time and harms no other call. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { parseUri } from '../../config/libvirt-uri.ts'
import { HypervisorError } from '../hypervisor-port.ts'
import { FakeDaemon } from './fake-daemon.ts'
import { packetBytesMax } from './frame.ts'
import { isLibvirtError } from './libvirt-errors.ts'
import { hostname, libvirtVersion } from './procedures.ts'
import { openSession } from './session.ts'

const limits = { callMs: 2_000, keepaliveMs: 30, keepaliveCount: 3 }

const started = async (): Promise<FakeDaemon> => {
  const daemon = new FakeDaemon()
  daemon.answer(hostname, (w) => w.string('hv1'))
  await daemon.listen()
  return daemon
}

const code = (expected: string) => (error: unknown) =>
  error instanceof HypervisorError && error.code === expected

test('a call is answered, and the daemon’s own errors keep their number and words', async () => {
  await using daemon = await started()
  daemon.answer(libvirtVersion, { error: 42, message: 'Domain not found' })
  const connection = await openSession(parseUri(daemon.uri), limits)
  assert.equal(await connection.call(hostname, null), 'hv1')
  await assert.rejects(connection.call(libvirtVersion, null), (error) => {
    assert.ok(isLibvirtError(error, 42))
    assert.equal((error as HypervisorError).code, 'vm.absent')
    return (error as Error).message === 'Domain not found'
  })
  connection.close('test')
})

test('a call without an answer ends after its time-out, and its late answer is dropped', async () => {
  await using daemon = await started()
  daemon.answer(hostname, null)
  const connection = await openSession(parseUri(daemon.uri), limits)
  await assert.rejects(connection.call(hostname, null, 20), code('hypervisor.timeout'))
  assert.equal(connection.closed, null)
  connection.close('test')
})

test('no more than four calls are on their way; a call that never got its turn was never sent', async () => {
  // libvirtd serves five calls of a connection and then reads nothing more from it, not even our keepalive.
  await using daemon = await started()
  daemon.answer(hostname, null)
  const connection = await openSession(parseUri(daemon.uri), { ...limits, callMs: 250 })
  const before = daemon.called.length
  const results = await Promise.allSettled(Array.from({ length: 6 }, () => connection.call(hostname, null)))
  const codes = results.map((r) =>
    r.status === 'rejected' ? (r.reason as HypervisorError).code : 'answered',
  )
  assert.deepEqual(codes.slice(0, 4), Array(4).fill('hypervisor.timeout'))
  assert.deepEqual(codes.slice(4), Array(2).fill('hypervisor.unreachable'))
  assert.equal(daemon.called.length - before, 4)
  // Every slot is stuck: such a connection is given up, so that a new one can be made.
  assert.notEqual(connection.closed, null)
})

test('the daemon dies: calls that wait fail at once', async () => {
  await using daemon = await started()
  daemon.answer(hostname, null)
  const connection = await openSession(parseUri(daemon.uri), limits)
  const call = connection.call(hostname, null, null)
  await daemon.stop()
  await assert.rejects(call, code('hypervisor.unreachable'))
  await assert.rejects(connection.call(hostname, null), code('hypervisor.unreachable'))
})

test('a silent daemon is given up after three questions; one that answers them is kept', async () => {
  // kill -STOP on libvirtd: the socket stays open and says nothing.
  await using daemon = await started()
  const connection = await openSession(parseUri(daemon.uri), limits)
  while (daemon.pings <= 6) await delay(5)
  assert.equal(connection.closed, null, 'more questions than it may leave unanswered')
  daemon.answersPings = false
  while (connection.closed === null) await delay(5)
  assert.match(connection.closed ?? '', /no sign of life/)
})

test('the daemon’s own questions are answered', async () => {
  // Else it would hang up on us after keepalive_count of them.
  await using daemon = await started()
  const connection = await openSession(parseUri(daemon.uri), { ...limits, keepaliveMs: 10_000 })
  daemon.ping()
  await connection.call(hostname, null)
  assert.equal(daemon.pongs, 1)
  connection.close('test')
})

const garbage: Record<string, Buffer> = {
  'a web page': Buffer.from('HTTP/1.1 200 OK\r\n\r\n<html></html>'),
  'a length of four gigabytes': Buffer.alloc(64, 0xff),
  zeros: Buffer.alloc(1024),
  'a foreign program': Buffer.concat([Buffer.from('0000001c11111111', 'hex'), Buffer.alloc(20)]),
  'an answer to a call never made': Buffer.from(
    '0000001c20008086000000010000000100000001' + '0000ffff00000000',
    'hex',
  ),
}

for (const [name, bytes] of Object.entries(garbage))
  test(`${name} from the daemon closes the connection and fails its calls, no more`, async () => {
    await using daemon = await started()
    daemon.answer(hostname, null)
    const connection = await openSession(parseUri(daemon.uri), limits)
    const call = connection.call(hostname, null)
    daemon.send(bytes)
    await assert.rejects(call, code('hypervisor.unreachable'))
    assert.match(connection.closed ?? '', /garbage/)
  })

test('a result of the wrong layout closes the connection', async () => {
  await using daemon = await started()
  daemon.answer(hostname, (w) => w.int(packetBytesMax))
  const connection = await openSession(parseUri(daemon.uri), limits)
  await assert.rejects(connection.call(hostname, null), code('hypervisor.unreachable'))
  assert.match(connection.closed ?? '', /garbage/)
})

test('opening a session with a daemon that says nothing ends in time', async () => {
  await using daemon = await started()
  const startedMs = performance.now()
  daemon.answer({ number: 66 }, null)
  await assert.rejects(openSession(parseUri(daemon.uri), { ...limits, callMs: 50 }), HypervisorError)
  assert.ok(performance.now() - startedMs < 5_000)
})
