/**
 * Tries the testbed itself, on real hosts; run by hand, as root: `node test/testbed/testbed.smoke.ts`.
 * Takes about a minute.
 */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect } from 'node:net'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'
import { missing, Testbed, tellVerdict } from './testbed.ts'

const began = performance.now()
let last = began
function say(what: string): void {
  const now = performance.now()
  console.log(`${((now - began) / 1000).toFixed(1)} s  (+${((now - last) / 1000).toFixed(2)})  ${what}`)
  last = now
}

assert.deepEqual(missing(), [])
say('everything is installed')
await using bed = await Testbed.up({ hosts: 3, cpuMilli: 500 })
const [a, b, c] = [bed.host(1), bed.host(2), bed.host(3)]
say('3 hosts up')

const [one, two] = await Promise.all([bed.vm(a, 'one'), bed.vm(a, 'two', { hold: 10 })])
say('2 guests created')
await bed.ready(one, two)
say('2 guests booted')
assert.deepEqual(
  (await one.where()).map((s) => [s.host, s.state, s.process]),
  [['hv1', 'running', true]],
)

for (const [from, to] of [
  [a, b],
  [b, c],
  [c, a],
] as const) {
  await one.ticks(5)
  const start = performance.now()
  await bed.migrate(one, from, to)
  say(`migrated from ${from.name} to ${to.name}`)
  await one.ticks(5)
  console.log(`    longest pause ${one.pauseMsMax(start)} ms`)
  assert.deepEqual(
    (await one.where()).map((s) => s.host),
    [to.name],
  )
}

await Promise.all([one.console('load 100'), two.console('load 100')])
say('both guests told to be busy, on a host with half a core')
const times = async () => {
  const stats = await bed.virsh(a, 'domstats', '--vcpu', one.uuid)
  const field = (name: string) => Number(new RegExp(`vcpu.0.${name}=(\\d+)`).exec(stats)?.[1])
  return { timeMs: field('time') / 1e6, delayMs: field('delay') / 1e6, atMs: performance.now() }
}
const before = await times()
await sleep(5000)
const after = await times()
const share = (x: number) => Math.round((1000 * x) / (after.atMs - before.atMs))
const used = share(after.timeMs - before.timeMs)
const waited = share(after.delayMs - before.delayMs)
say(`of one guest's CPU: ran ${used} milli, waited ${waited} milli`)
assert.ok(used > 150 && used < 350 && waited > 400, 'half of half a core, and waiting for the rest')
await Promise.all([one.console('load 0'), two.console('load 0')])
say('both idle again')

await a.killLibvirtd()
say('libvirtd killed')
const ticked = one.tick
await one.ticks(10)
assert.ok(one.tick > ticked)
assert.deepEqual(
  (await one.where()).map((s) => [s.host, s.state, s.process]),
  [['hv1', 'unreachable', true]],
)
await a.startLibvirtd()
say('libvirtd started again')
assert.deepEqual(
  (await one.where()).map((s) => [s.host, s.state]),
  [['hv1', 'running']],
)

// What an agent needs: to hear its peers over the network, and the test over a socket in the file system.
const socket = join(b.dir, 'agent.sock')
const listener = await b.exec([
  process.execPath,
  '-e',
  `const s = () => require('net').createServer((c) => c.end('pid ' + process.pid))
   s().listen(4001, '${b.address}'); s().listen('${socket}', () => console.log('listening'))`,
])
listener.stderr?.pipe(process.stderr)
await once(listener.stdout!, 'data')
const heard = (await text(connect(socket))).trim()
assert.match(heard, /^pid \d+$/)
assert.notEqual(heard, `pid ${listener.pid}`, 'it has another pid on its host than outside')
const overTcp = await a.run(['bash', '-c', `cat </dev/tcp/${b.address}/4001`])
assert.equal(overTcp, heard)
assert.equal(await bed.controller(['bash', '-c', `cat </dev/tcp/${b.address}/4001`]), heard)
process.kill(listener.pid, 'SIGKILL')
assert.deepEqual(await listener.exited, { code: null, signal: 'SIGKILL' })
assert.equal(await a.run(['hostname']), 'hv1\n')
await assert.rejects(a.run(['sleep', '9'], 300), { code: 'testbed.timeout' })
await assert.rejects(a.run(['no-such-command']), { code: 'testbed.failed' })
assert.deepEqual(await (await a.exec(['sh', '-c', 'exit 3'])).exited, { code: 3, signal: null })
say('processes on hosts')

const agent = await b.exec(['sh', '-c', 'echo here; exec sleep 1000'], { output: join(b.dir, 'agent.log') })
await b.killLibvirtd()
assert.ok(agent.alive, 'an agent survives the death of libvirtd')
await b.startLibvirtd()
const ping = (from: typeof a, to: typeof a) =>
  from.run(['bash', '-c', `timeout 1 bash -c '</dev/tcp/${to.address}/16509'`]).then(
    () => true,
    () => false,
  )
assert.ok(await ping(a, b))
await bed.cut(a, b)
assert.ok(!(await ping(a, b)) && (await ping(a, c)))
await bed.heal(a, b)
assert.ok(await ping(a, b))
say('cut and heal')

await b.powerOff()
assert.ok(!agent.alive, 'an agent dies with its host')
say('power off')
assert.ok(!(await ping(a, b)))
await b.boot()
say('boot')
await bed.migrate(two, a, b)
say('migrated to the host that was off')
await b.powerOff()
assert.deepEqual(await two.where(), [])
await bed.start(two, a)
await two.ready(2)
say('its host lost power, it booted again elsewhere')

for (const [guest, boots] of [
  [one, 1],
  [two, 2],
] as const) {
  const verdict = guest.judge(boots)
  console.log(guest.name, tellVerdict(verdict))
  assert.deepEqual(verdict.violations, [])
}

// The judge must see what must never happen: a second copy of a running guest.
await c.virsh(['create', join(bed.dir, 'vm/one.xml')])
assert.equal((await one.where()).filter((s) => s.state === 'running').length, 2)
await one.ready(2)
await one.ticks(40)
const kinds = new Set(one.judge().violations.map((v) => v.kind))
say(`two copies of a guest show as: ${[...kinds].sort().join(', ')}`)
assert.ok(kinds.has('restart') && kinds.has('repeat'))

const other = await Testbed.up({ hosts: 1 })
assert.equal((await other.host(1).run(['hostname'])).trim(), 'hv1')
await other.down()
assert.equal(await a.run(['hostname']), 'hv1\n')
say('a second testbed came and went')

await bed.down()
say('down')
