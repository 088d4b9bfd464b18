/**
 * How good are the tests at finding faults? `npm run test:power` sows one fault at a time into the code as it is loaded, and runs
 * the suites against it: the swarm first. It prints which suite finds it, by which test and which checker, and after how
 * many seeds. Fails when a fault is found by none, or one in a first line of defence not by the swarm.
 */
import { spawnSync } from 'node:child_process'
import { endWithReader } from '../../packages/agent/src/cli/closed-pipe.ts'
import { tableText } from './markdown.ts'
import type { Measured } from './measured.ts'
import { type Options, optionsOf, usage } from './options.ts'
import { keepMeasured, readMeasured } from './resume-file.ts'
import type { Fault } from './sown-fault.ts'
import { runSuite } from './suites.ts'
import { type Control, createControl, isSearched, searchSwarm } from './swarm-search.ts'
import { faultText, matrixText, summaryText, verdictOf } from './table.ts'

/** With sound code every test passes: else a failure would prove nothing. */
const soundPasses = async ({ suites, jobs, json }: Options): Promise<void> => {
  for (const suite of suites) {
    const found = await runSuite(suite, null, jobs)
    if (found !== null) throw new Error(`the sound code fails: ${suite}: ${found.test}: ${found.text}`)
    if (!json) console.log(`sound   ${suite}`)
  }
}

const commitOf = (): string =>
  spawnSync('git', ['rev-parse', '--short', 'HEAD'], { encoding: 'utf8' }).stdout.trim()

/** `before`: what is known of the fault, and is not measured again. */
const measure = async (
  fault: Fault,
  options: Options,
  control: Control | null,
  before: Measured | null,
): Promise<Measured> => {
  const begun = performance.now()
  const { swarm } = options
  const searched = before?.searches ?? []
  const searches =
    swarm === null || control === null ? searched : await searchSwarm(fault, swarm, control, searched)
  const suites: Record<string, Measured['suites'][string]> = { ...before?.suites }
  // The jobs are faults: one process for each.
  for (const suite of options.suites)
    if (suites[suite] === undefined) suites[suite] = await runSuite(suite, fault, 1)
  const tookS = Math.round((performance.now() - begun) / 1_000) + (before?.tookS ?? 0)
  return { fault: fault.id, searches, suites, commit: commitOf(), tookS }
}

/** Nothing that is asked for is left to measure. */
const isComplete = ({ searches, suites }: Measured, options: Options): boolean =>
  (options.swarm === null || isSearched(searches, options.swarm)) &&
  options.suites.every((suite) => suite in suites)

const measureAll = async (options: Options, control: Control | null): Promise<readonly Measured[]> => {
  const { faults, jobs, json, resume } = options
  const before = new Map((resume === null ? [] : readMeasured(resume)).map((one) => [one.fault, one]))
  const all = new Map<string, Measured>()
  const waiting = [...faults]
  const work = async (): Promise<void> => {
    for (let fault = waiting.shift(); fault !== undefined; fault = waiting.shift()) {
      const known = before.get(fault.id) ?? null
      const complete = known !== null && isComplete(known, options)
      const measured = complete ? known : await measure(fault, options, control, known)
      if (!complete && resume !== null) keepMeasured(resume, measured)
      all.set(fault.id, measured)
      if (!json) console.log(faultText(fault, measured))
    }
  }
  await Promise.all(Array.from({ length: jobs }, work))
  return faults.flatMap(({ id }) => all.get(id) ?? [])
}

const main = async (): Promise<number> => {
  const args = process.argv.slice(2)
  if (args.includes('--help')) {
    console.log(usage)
    return 0
  }
  const options = optionsOf(args)
  const { faults, swarm, json } = options
  if (options.table !== null) {
    console.log(tableText(faults, readMeasured(options.table)))
    return 0
  }
  const control = swarm === null ? null : createControl(swarm)
  try {
    await soundPasses(options)
    const all = await measureAll(options, control)
    const verdict = verdictOf(faults, all)
    if (json) console.log(JSON.stringify({ ...verdict, soundFails: control?.failed ?? [], faults: all }))
    else {
      console.log(`\n${matrixText(faults, all)}\n`)
      console.log(summaryText(faults, all, verdict))
      if (control !== null && control.failed.length > 0)
        console.log(`THE SOUND CODE FAILS at the seeds ${control.failed.join(' ')}: these did not count`)
    }
    return verdict.missed.length + verdict.missedBySwarm.length === 0 ? 0 : 1
  } finally {
    control?.close()
  }
}

if (import.meta.main) {
  endWithReader()
  main().then(
    (code) => {
      process.exitCode = code
    },
    (error: unknown) => {
      console.error(error instanceof Error ? error.message : error)
      console.error(usage)
      process.exitCode = 2
    },
  )
}
