/** The loader sows in every process, changes no file, and does not let a process pass in which it sowed nothing. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { pathToFileURL } from 'node:url'
import { allFaults } from './all-faults.ts'
import { silentExitCode, sownEnv } from './sown-env.ts'
import { editsOf } from './sown-fault.ts'

const root = join(import.meta.dirname, '../..')
const lease = join(root, 'packages/protocol/src/data/lease.ts')
const load = `const { isCurrent } = await import(${JSON.stringify(pathToFileURL(lease).href)});`
/** Fault m1: epochs are not compared. */
const lateEpoch = `${load} console.log(isCurrent({ partition: 'p', epoch: 2 }, 'p', 1))`

const scratch = (t: TestContext): string => {
  const path = mkdtempSync(join(tmpdir(), 'drover-sow-'))
  t.after(() => rmSync(path, { recursive: true, force: true }))
  return join(path, 'log')
}

const run = (fault: string | null, program: string, log?: string) => {
  const args = ['--no-warnings', '--input-type=module', '-e', program]
  return spawnSync(process.execPath, args, { env: sownEnv(fault, log), cwd: root, encoding: 'utf8' })
}

test('code is loaded with its fault, and only where one is asked for', (t) => {
  const log = scratch(t)
  const before = readFileSync(lease, 'utf8')
  assert.equal(run(null, lateEpoch).stdout, 'false\n')
  const sown = run('m1', lateEpoch, log)
  assert.deepEqual([sown.stdout, sown.status], ['true\n', 0], sown.stderr)
  assert.equal(readFileSync(log, 'utf8'), 'sown\n')
  assert.equal(readFileSync(lease, 'utf8'), before)
})

test('a process that never loads the code in question fails, and says so', (t) => {
  const log = scratch(t)
  const { status, stderr } = run('m1', 'console.log(1)', log)
  assert.equal(status, silentExitCode)
  assert.match(stderr, /the fault m1 was to be sown here, and .*data\/lease\.ts was not loaded/)
  assert.match(readFileSync(log, 'utf8'), /^silent/)
})

test('a fault of several files has to be sown in each of them', () => {
  const { status, stderr } = run('d1', `await import(${JSON.stringify(pathToFileURL(lease).href)})`)
  assert.equal(status, silentExitCode)
  assert.match(stderr, /belief\.ts.*host-invariants\.ts was not loaded/)
})

test('in each package a fault is sown: what sows has not loaded that code before', () => {
  const packageOf = (file: string): string => file.split('/')[0] ?? ''
  const byPackage = new Map(allFaults.map((fault) => [packageOf(fault.file), fault]))
  for (const [name, fault] of byPackage) {
    const files = [...new Set(editsOf(fault).map(({ file }) => join(root, 'packages', file)))]
    const program = files.map((file) => `await import(${JSON.stringify(pathToFileURL(file).href)});`).join('')
    const { status, stderr } = run(fault.id, program)
    assert.equal(status, 0, `${name}: ${fault.id}: ${stderr}`)
  }
})

test('a fault that does not exist ends the process before it does anything', () => {
  const { status, stdout, stderr } = run('no-such', 'console.log(1)')
  assert.notEqual(status, 0)
  assert.equal(stdout, '')
  assert.match(stderr, /no fault is called no-such/)
})

test('processes that it starts have the fault, too', (t) => {
  const log = scratch(t)
  const started = `
    const { spawnSync } = await import('node:child_process');
    ${load}
    console.log(spawnSync(process.execPath, ['/dev/null']).status)`
  const { stdout } = run('m1', started, log)
  assert.equal(stdout, `${silentExitCode}\n`)
  assert.match(readFileSync(log, 'utf8'), /silent \/dev\/null\nsown\n/)
})
