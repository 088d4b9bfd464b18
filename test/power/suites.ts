/** The suites beside the swarm, and what of each fails first under a fault. */
import { globSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { join, sep } from 'node:path'
import type { TestEvent } from 'node:test/reporters'
import { startCrew } from '../runner/crew.ts'
import { groupsOf } from '../runner/groups.ts'
import { checkersIn, type Finding, firstLineOf } from './measured.ts'
import { sownEnv } from './sown-env.ts'
import { editsOf, type Fault } from './sown-fault.ts'

const root = join(import.meta.dirname, '../..')

export const suiteNames = ['golden', 'units', 'stories', 'crashes'] as const
export type SuiteName = (typeof suiteNames)[number]

const matching = (pattern: string, except: readonly string[] = []): readonly string[] =>
  globSync(pattern, { cwd: root, exclude: ['**/node_modules/**', '**/*.long.test.ts', ...except] })
    .map((path) => path.split(sep).join('/'))
    .sort()

const crashPoints = 'test/core/crash-points.test.ts'
/** A story beside the simulated agents that lie in it. */
const liars = 'packages/sim/src/story/liar.test.ts'

/** They look at what a process loads, and start an old Node.js that cannot load what sows: they would fail under any fault. */
const commandLine = 'packages/agent/src/cli/*.test.ts'

const packageOf = ({ file }: { readonly file: string }): string => file.split('/')[0] ?? ''

/** Paths from the root. Of the unit tests those of the packages in which the fault is. */
const filesOf = (suite: SuiteName, packages: readonly string[]): readonly string[] => {
  switch (suite) {
    case 'golden':
      return ['test/scenario.test.ts']
    case 'units':
      return packages.flatMap((name) => matching(`packages/${name}/src/**/*.test.ts`, [commandLine]))
    case 'stories':
      return [...matching('test/core/*.test.ts', [crashPoints]), liars]
    case 'crashes':
      return [crashPoints]
  }
}

const timeoutMs = 600_000

/** A unit test may load a part of the code only; every other process has to load what was changed. */
const judgeLog = (log: string, suite: SuiteName): void => {
  const lines = readFileSync(log, { encoding: 'utf8', flag: 'a+' }).split('\n').filter(Boolean)
  const silent = lines.find((line) => line.startsWith('silent'))
  if (silent !== undefined && suite !== 'units')
    throw new Error(`a process of ${suite} ran without the fault: ${silent}`)
}

const findingOf = ({ data }: Extract<TestEvent, { type: 'test:fail' }>): Finding => {
  const { cause } = data.details.error
  const text =
    cause instanceof Error ? (cause.stack ?? cause.message) : String(cause ?? data.details.error.message)
  return { test: data.name, checkers: checkersIn(text), text: firstLineOf(text) }
}

/** The first test that fails; null when all pass. `fault` null = the sound code. */
export const runSuite = async (
  suite: SuiteName,
  fault: Fault | null,
  jobs: number,
): Promise<Finding | null> => {
  const packages = [...new Set(fault === null ? ['protocol'] : editsOf(fault).map(packageOf))]
  const files = filesOf(suite, packages)
  const scratch = mkdtempSync(join(tmpdir(), 'drover-power-'))
  const log = join(scratch, 'log')
  let found: Finding | null = null
  const crew = startCrew({
    groups: groupsOf(files, (path) => readFileSync(join(root, path), 'utf8')),
    concurrency: Math.max(1, Math.min(jobs, availableParallelism())),
    timeoutMs,
    silentMs: timeoutMs + 60_000,
    options: [],
    // Tests look at exit codes; the log says what each process was.
    env: { ...sownEnv(fault?.id ?? null, log), DROVER_SOWN_EXIT: 'own' },
    root,
    show(event) {
      if (event.type !== 'test:fail' || found !== null) return
      found = findingOf(event)
      crew.stop('SIGTERM')
    },
  })
  try {
    await crew.finished
    if (found === null && fault !== null) judgeLog(log, suite)
    return found
  } finally {
    rmSync(scratch, { recursive: true, force: true })
  }
}
