/** Each sown fault is a program: one that is none would be found by every test, and prove nothing. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { allFaults } from './all-faults.ts'
import { sowAll } from './pattern.ts'
import { editsOf, type SownFault } from './sown-fault.ts'

const root = join(import.meta.dirname, '../..')

/** What the compiler merely knows better, as that a comparison can no longer be true, is the fault itself. */
const noProgram = /error TS(?:1\d{3}|2304|2305|2339|2448|2551|2552|2554|18004):/

/** All faults at once: the changed files stand beside the sound ones in a copy, each under a name of its own. */
const compiled = (faults: readonly SownFault[]): readonly string[] => {
  const copy = mkdtempSync(join(tmpdir(), 'drover-power-'))
  try {
    for (const part of ['packages', 'package.json'])
      cpSync(join(root, part), join(copy, part), {
        recursive: true,
        filter: (path) => !/node_modules|\.test\.ts$/.test(path),
      })
    mkdirSync(join(copy, 'node_modules/@drover'), { recursive: true })
    const modules = join(root, 'node_modules')
    for (const name of readdirSync(modules).filter((one) => !['@drover', '.bin', '.cache'].includes(one)))
      symlinkSync(join(modules, name), join(copy, 'node_modules', name))
    for (const name of readdirSync(join(root, 'packages')))
      symlinkSync(join(copy, 'packages', name), join(copy, 'node_modules/@drover', name))
    for (const [i, fault] of faults.entries())
      for (const [file, edits] of Map.groupBy(editsOf(fault), (one) => one.file))
        writeFileSync(
          join(copy, 'packages', file.replace(/\.ts$/, `.sown${i}.ts`)),
          sowAll(edits, readFileSync(join(root, 'packages', file), 'utf8')),
        )
    const { compilerOptions } = JSON.parse(readFileSync(join(root, 'tsconfig.json'), 'utf8'))
    const include = ['packages/*/src/**/*.sown*.ts']
    writeFileSync(join(copy, 'tsconfig.json'), JSON.stringify({ compilerOptions, include }))
    const tsc = join(modules, 'typescript/bin/tsc')
    const { stdout } = spawnSync(process.execPath, [tsc, '--noEmit', '-p', copy], { encoding: 'utf8' })
    return stdout
      .split('\n')
      .filter((line) => noProgram.test(line))
      .map((line) => line.replace(/^.*\.sown(\d+)\.ts/, (_, i: string) => `${faults[Number(i)]?.id}: `))
  } finally {
    rmSync(copy, { recursive: true, force: true })
  }
}

test('each fault is a program', () => {
  assert.deepEqual(compiled(allFaults), [])
  const [first] = allFaults
  assert.ok(first !== undefined)
  const broken = { ...first, replacement: 'noSuchName' }
  assert.match(compiled([broken])[0] ?? '', /^T9\.1: .*TS2304/)
})
