/** A command's file is loaded only when the command is meant, and every command can be found from its name alone. */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { processIo } from './io.ts'
import { allCommands, commandsFor, verbOf } from './verbs.ts'

test('the verb is the first word that is neither an option nor the value of one', () => {
  assert.equal(verbOf(['status', '--json']), 'status')
  assert.equal(verbOf(['--socket', 'vms', 'status']), 'status')
  assert.equal(verbOf(['--socket=vms', 'status']), 'status')
  assert.equal(verbOf(['help', 'drain']), 'drain')
  assert.equal(verbOf(['--help', 'drain']), null)
  assert.equal(verbOf(['--version']), null)
  assert.equal(verbOf([]), null)
})

test('each command is loaded by its name, alone; a wrong or missing word loads all of them', async () => {
  const io = processIo()
  const names = (await allCommands(io)).map((one) => one.name())
  for (const name of names)
    assert.deepEqual(
      (await commandsFor(io, [name])).map((one) => one.name()),
      [name],
    )
  for (const wrong of [['statsu'], ['constructor'], ['--help'], []])
    assert.deepEqual(
      (await commandsFor(io, wrong)).map((one) => one.name()),
      names,
    )
})

const bin = join(import.meta.dirname, '../../bin/drover.js')

/** The files that a command loads, as the engine's own coverage lists them. */
const filesLoadedBy = (...args: readonly string[]): readonly string[] => {
  const directory = mkdtempSync(join(tmpdir(), 'drover-loaded-'))
  try {
    execFileSync(process.execPath, [bin, ...args], {
      env: { ...process.env, NODE_V8_COVERAGE: directory },
      stdio: 'ignore',
    })
    return readdirSync(directory).flatMap((name) => {
      const told: { result: { url: string }[] } = JSON.parse(readFileSync(join(directory, name), 'utf8'))
      return told.result.map(({ url }) => url)
    })
  } finally {
    rmSync(directory, { recursive: true })
  }
}
const heavy = /packages\/protocol\/|node_modules\/(?:zod|hono|pino|libp2p|@libp2p)\//

test('the version is told without loading the core, the configuration or a transport', () => {
  const files = filesLoadedBy('version')
  assert.ok(files.some((file) => file.endsWith('cli/version.ts')))
  assert.deepEqual(
    files.filter((file) => heavy.test(file)),
    [],
  )
  assert.ok(
    filesLoadedBy('status', '--help').some((file) => heavy.test(file)),
    'the test can fail',
  )
})

test('processes and threads that a command starts keep compiled code where the command does', () => {
  const tell = "process.on('exit', () => console.log(process.env.NODE_COMPILE_CACHE))"
  const { NODE_COMPILE_CACHE: _, ...env } = process.env
  const out = execFileSync(
    process.execPath,
    ['--import', `data:text/javascript,${encodeURIComponent(tell)}`, bin, 'version'],
    { env, encoding: 'utf8' },
  )
  assert.match(out, /^drover .*\n.*[\\/]node_modules[\\/]\.cache[\\/]drover\n$/)
})
