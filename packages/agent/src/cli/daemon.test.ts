/**
 * The daemon as a process of its own: started, looked at, started twice by mistake, stopped; ended by an assertion of its core;
 * and begun by an old Node.js.
 */
import assert from 'node:assert/strict'
import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { type Io, processIo, sleep } from './io.ts'
import { runCli } from './main.ts'

const drover = fileURLToPath(new URL('../../bin/drover.js', import.meta.url))

/**
 * A hypervisor with one VM that wants half a core; it is asked to move nothing. Once the file `broken` is there, no number is finite
 * any more: the next step of the core is given a time that is none, and an assertion fails.
 */
const driver = `
import { existsSync } from 'node:fs'
export const createHypervisor = ({ uri }) => {
  let connected = false
  const vm = {
    vm: '6fa9ec21-2c4e-4f6e-8f0e-4f2b7c1d0001', name: 'web1', state: 'running', cpuMilli: 500, vcpus: 1,
    memoryMiB: 512, dirtyMiBps: null, incarnation: 'i', migratable: { movable: true }, diskLocked: false, settings: {},
  }
  const never = async () => { throw new Error('this test moves nothing') }
  return {
    driver: 'test', get connected() { return connected }, trouble: null,
    open() { connected = true },
    host: async () => ({ name: 'h', capacity: { cpuMilli: 4000, memoryMiB: 8192 }, cpuBaseline: 'c', migrationUri: uri, version: 'test 1' }),
    sample: async () => {
      if (existsSync(new URL('broken', import.meta.url))) Number.isFinite = () => false
      return { vms: [vm], pressure: null }
    },
    jobs: async () => [], locate: async () => 'running',
    migrate: never, limit: never, abort: never, resume: never, save: never, restore: never, start: never, shutdown: never,
    events: () => () => {}, close: async () => { connected = false },
  }
}`

let directory = ''
let config = ''
let daemon: ChildProcess | null = null

before(() => {
  directory = mkdtempSync(join(tmpdir(), 'drover-daemon-'))
  config = join(directory, 'config.toml')
  writeFileSync(join(directory, 'cluster.key'), randomBytes(32).toString('hex'), { mode: 0o600 })
  writeFileSync(join(directory, 'driver.mjs'), driver)
  writeFileSync(
    config,
    `[host]
name = "alpha"
data_dir = "${join(directory, 'data')}"
[hypervisor]
driver = "${join(directory, 'driver.mjs')}"
sample_ms = 200
[network]
listen = ["/ip4/127.0.0.1/tcp/0"]
cluster_key_file = "${join(directory, 'cluster.key')}"
[api]
socket = "${join(directory, 'drover.sock')}"
metrics_listen = "127.0.0.1:0"
`,
  )
})
after(() => {
  if (daemon?.exitCode === null) daemon.kill('SIGKILL')
  rmSync(directory, { recursive: true })
})

/** A command in this process, as `drover` would run it. */
const run = async (...args: readonly string[]) => {
  let out = ''
  let err = ''
  const io: Io = {
    ...processIo(),
    out: (text) => {
      out += text
    },
    err: (text) => {
      err += text
    },
    env: { DROVER_API__SOCKET: join(directory, 'drover.sock') },
    colour: false,
  }
  return { exit: await runCli(args, io), out, err }
}

/** The line that says that it is ready. */
const ready = (child: ChildProcess): Promise<string> =>
  new Promise((resolve, reject) => {
    let err = ''
    child.stderr?.setEncoding('utf8').on('data', (part: string) => {
      err += part
      const line = err.split('\n').find((one) => one.includes('is ready'))
      if (line !== undefined) resolve(line)
    })
    child.once('exit', (code) => reject(new Error(`ended with ${code}: ${err}`)))
  })

test('the daemon from its start to its stop, as an operator meets it', async () => {
  // The story: check, start, look, a second start by mistake, metrics, stop. No VM is touched.
  assert.equal((await run('agent', '--check', '--config', config)).exit, 0)

  daemon = spawn(process.execPath, [drover, 'agent', '--config', config, '--mode', 'auto'], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let log = ''
  daemon.stdout?.setEncoding('utf8').on('data', (part: string) => {
    log += part
  })
  const line = await ready(daemon)
  assert.match(
    line,
    /^drover 0\.1\.0 is ready: alpha \(12D3KooW\w+\), mode auto, API on .*drover\.sock and 127\.0\.0\.1:\d+$/,
  )

  // It has looked at the hypervisor. (That it is able takes as long as the longest lease: its journal is new.)
  let vms = await run('vms')
  while (!vms.out.includes('web1')) {
    await sleep(20)
    vms = await run('vms')
  }
  assert.match(vms.out, /web1 +6fa9ec21 +running/)
  const status = await run('status', '--json')
  assert.equal(status.exit, 0)
  const { view } = JSON.parse(status.out) as { view: { description: { name: string }; mode: string } }
  assert.deepEqual([view.description.name, view.mode], ['alpha', 'auto'])

  const second = await run('agent', '--config', config)
  assert.equal(second.exit, 1)
  assert.match(second.err, /^another agent is running on this host: /m)
  const third = await run('agent', '--config', config, '--data-dir', join(directory, 'other'))
  assert.equal(third.exit, 1)
  assert.match(third.err, /^another agent is running on this host: it answers on /m)

  const metrics = await fetch(`http://${line.split(' ').at(-1)}/metrics`)
  assert.match(await metrics.text(), /^drover_up 1$/m)

  daemon.kill('SIGHUP')
  const end = new Promise((resolve) => daemon?.once('exit', (code, signal) => resolve([code, signal])))
  daemon.kill('SIGTERM')
  assert.deepEqual(await end, [0, null])
  for (const entry of log.trim().split('\n'))
    assert.equal(typeof JSON.parse(entry), 'object', 'JSON lines only')
  assert.match(log, /agent stopped; its VMs go on/)
  assert.equal((await run('status')).exit, 3)
})

test('a failed assertion ends the daemon with an error that says which, and the next start goes on from its journal', async () => {
  const start = async () => {
    const child = spawn(process.execPath, [drover, 'agent', '--config', config], {
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    daemon = child
    let log = ''
    child.stdout.setEncoding('utf8').on('data', (part: string) => {
      log += part
    })
    const end = new Promise((resolve) => child.once('close', (code, signal) => resolve([code, signal])))
    await ready(child)
    return { child, end, log: () => log }
  }
  const first = await start()
  writeFileSync(join(directory, 'broken'), '')
  assert.deepEqual(await first.end, [1, null], 'systemd starts it again: Restart=on-failure')
  assert.match(first.log(), /"msg":"the core failed; this agent stops, its VMs go on"/)
  assert.match(first.log(), /assertion failed: a step has a time, not \d+/)
  rmSync(join(directory, 'broken'))

  const second = await start()
  assert.equal((await run('status')).exit, 0)
  second.child.kill('SIGTERM')
  assert.deepEqual(await second.end, [0, null])
  assert.doesNotMatch(second.log(), /journal.broken/, 'the journal is intact')
})

test('an old Node.js hands over to the one that npm brought', async (context) => {
  // The story: a fresh Debian has Node.js 20 on its PATH; `drover status` works all the same.
  const old = '/usr/bin/node'
  const major = existsSync(old)
    ? await new Promise<number>((resolve) =>
        execFile(old, ['--version'], (_, out) => resolve(Number(/^v(\d+)/.exec(out)?.[1] ?? 99))),
      )
    : 99
  if (major >= 24) return context.skip('no old Node.js here')
  const socket = join(directory, 'nobody.sock')
  const [exit, out] = await new Promise<readonly [number | null, string]>((resolve) => {
    const child = execFile(old, [drover, 'status', '--json', '--socket', socket], (_, text) =>
      resolve([child.exitCode, text]),
    )
  })
  assert.equal(exit, 3, 'the exit code comes through')
  assert.equal((JSON.parse(out) as { error: { code: string } }).error.code, 'agent.unreachable')
})
