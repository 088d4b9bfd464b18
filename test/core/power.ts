/**
 * How good are the tests at finding faults? Sows one fault at a time into a copy of the core and runs the suites against it.
 * Each must be found by some suite; which ones find it, by which test, and how many seeds the swarm took is printed. Tests
 * that cannot find these prove nothing.
 *
 *     npm run test:power            all faults
 *     npm run test:power -- ledger  those whose name contains a word
 */
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
import { faults, placesOf, type SownFault, sow } from './sown-faults.ts'

const root = join(import.meta.dirname, '../..')
/** As many as `npm run test:long` tries. */
const seedsMax = 60
const seedsPerRun = 20

/** Parts of paths, as `test/run.ts` takes them. */
const suites: Readonly<Record<string, readonly string[]>> = {
  units: ['packages/protocol/'],
  stories: readdirSync(join(root, 'test/core'))
    .filter((name) => name.endsWith('.test.ts') && !/^(?:swarm|crash-points)\./.test(name))
    .map((name) => `test/core/${name}`),
  'crash points': ['test/core/crash-points'],
}

/** A copy of what the suites need; it goes with this process. */
const copyOf = (): string => {
  const copy = mkdtempSync(join(tmpdir(), 'drover-power-'))
  for (const part of ['packages', 'test', 'package.json', 'tsconfig.json'])
    cpSync(join(root, part), join(copy, part), {
      recursive: true,
      filter: (path) => !path.includes('node_modules'),
    })
  mkdirSync(join(copy, 'node_modules/@drover'), { recursive: true })
  for (const name of readdirSync(join(root, 'node_modules')).filter((one) => one !== '@drover'))
    symlinkSync(join(root, 'node_modules', name), join(copy, 'node_modules', name))
  for (const name of readdirSync(join(root, 'packages')))
    symlinkSync(join(copy, 'packages', name), join(copy, 'node_modules/@drover', name))
  return copy
}

interface Finding {
  readonly failed: number
  /** The first that failed. */
  readonly test: string
}

/** null: all tests pass. */
const run = (
  copy: string,
  words: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Finding | null => {
  const { status, stdout } = spawnSync(process.execPath, ['test/run.ts', 'quick', ...words], {
    cwd: copy,
    encoding: 'utf8',
    env: { ...process.env, ...env },
    maxBuffer: 256 * 2 ** 20,
    timeout: 1_200_000,
  })
  if (status === 0) return null
  const [, test = 'it did not end'] = /^\s*✖ (.*?)(?: \([\d.]+ms\))?$/m.exec(stdout) ?? []
  return { failed: Number(/^ℹ fail (\d+)/m.exec(stdout)?.[1] ?? 1), test }
}

/** The first seed that finds the fault; null when none does. */
const swarm = (copy: string): number | null => {
  for (let first = 1; first <= seedsMax; first += seedsPerRun) {
    const env = { DROVER_SEED_FIRST: String(first), DROVER_SEEDS: String(seedsPerRun) }
    const found = run(copy, ['test/core/swarm.test'], env)
    if (found !== null) return Number(/\d+/.exec(found.test)?.[0] ?? first)
  }
  return null
}

/**
 * A fault that is no program would be found by every test. What the compiler merely knows better, as that a comparison can
 * no longer be true, is the fault itself.
 */
const noProgram = /error TS(?:1\d{3}|2304|2305|2339|2448|2551|2552|2554|18004):/

const faultOf = (copy: string, fault: SownFault): { readonly path: string; readonly sound: string } => {
  const path = join(copy, 'packages/protocol/src', fault.file)
  const sound = readFileSync(path, 'utf8')
  if (placesOf(fault, sound) !== 1)
    throw new Error(`${fault.file} has changed: mend the fault '${fault.name}'`)
  return { path, sound }
}

const mustCompile = (copy: string, fault: SownFault): void => {
  const { path, sound } = faultOf(copy, fault)
  writeFileSync(path, sow(fault, sound))
  const tsc = join(root, 'node_modules/typescript/bin/tsc')
  const { stdout } = spawnSync(process.execPath, [tsc, '--noEmit', '-p', copy], { encoding: 'utf8' })
  writeFileSync(path, sound)
  const said = stdout.split('\n').filter((line) => noProgram.test(line))
  if (said.length > 0) throw new Error(`the fault '${fault.name}' is no program:\n${said.join('\n')}`)
}

/** What finds it, said on the way; null: nothing does. */
const measure = (copy: string, fault: SownFault): { readonly seed: number | null } | null => {
  const { path, sound } = faultOf(copy, fault)
  writeFileSync(path, sow(fault, sound))
  const found = Object.entries(suites).map(([suite, parts]) => ({ suite, finding: run(copy, parts) }))
  const seed = swarm(copy)
  writeFileSync(path, sound)
  const isMissed = seed === null && found.every(({ finding }) => finding === null)
  console.log(`${isMissed ? 'MISSED' : 'found '}  ${fault.name}`)
  for (const { suite, finding } of found)
    console.log(`          ${suite}: ${finding === null ? '–' : `${finding.failed}, first: ${finding.test}`}`)
  console.log(`          swarm: ${seed === null ? `not in ${seedsMax} seeds` : `seed ${seed}`}`)
  return isMissed ? null : { seed }
}

const main = (): number => {
  const words = process.argv.slice(2)
  const chosen = faults.filter((one) => words.every((word) => one.name.includes(word)))
  const copy = copyOf()
  try {
    for (const fault of chosen) mustCompile(copy, fault)
    const everything = [...Object.values(suites).flat(), 'test/core/swarm.test']
    const control = run(copy, everything, { DROVER_SEEDS: String(seedsPerRun) })
    if (control !== null) throw new Error(`the sound core fails: ${control.test}`)
    const measured = chosen.map((fault) => measure(copy, fault))
    const missed = measured.filter((one) => one === null).length
    const seeds = measured.flatMap((one) => one?.seed ?? []).sort((a, b) => a - b)
    const median = seeds[Math.floor(seeds.length / 2)] ?? '–'
    console.log(`${missed} missed; swarm seeds to find one, median ${median}`)
    return missed === 0 ? 0 : 1
  } finally {
    rmSync(copy, { recursive: true, force: true })
  }
}

if (import.meta.main) process.exitCode = main()
