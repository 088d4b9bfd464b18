/**
 * Runs the tests. `node test/run.ts quick` runs what needs no system package and little time, `long` tries the same
 * properties, swarms and crashes many times more and runs real agents over sockets, `libvirt` works on real hypervisors,
 * one file at a time. Further words keep only the files whose path contains one of them; further options go to Node's test
 * runner (`--test-name-pattern=…`).
 */
import { globSync, readFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join, relative, sep } from 'node:path'
import { spec } from 'node:test/reporters'
import { startCrew } from './runner/crew.ts'
import { groupsOf } from './runner/groups.ts'

interface Suite {
  readonly patterns: readonly string[]
  readonly except: readonly string[]
  /** Files whose text matches belong to it, too. */
  readonly importing?: RegExp
  /** Whether small files share a process. */
  readonly together: boolean
  /** Processes at a time. */
  readonly concurrency: number
  /** One test may take this long, ms: against a hang, not a promise of speed. */
  readonly timeoutMs: number
  readonly env?: Readonly<Record<string, string>>
}

const everywhere = ['packages/*/src/**/*.test.ts', 'test/**/*.test.ts']
/** Real agents over sockets, and what only makes sense with many cases. */
const onlyLong = ['test/harness/**/*.test.ts', '**/*.long.test.ts']
const atATime = Math.max(2, availableParallelism())
/** Some only wait, for sockets and processes. */
const andOneThatWaits = atATime + 1

export const suites: Readonly<Record<string, Suite>> = {
  quick: {
    patterns: everywhere,
    except: ['test/libvirt/**', ...onlyLong],
    together: true,
    concurrency: andOneThatWaits,
    timeoutMs: 600_000,
  },
  long: {
    patterns: onlyLong,
    except: [],
    importing: /\/effort\.ts'/,
    together: false,
    concurrency: atATime,
    timeoutMs: 1_200_000,
    env: { DROVER_EFFORT: 'long' },
  },
  libvirt: {
    patterns: ['test/libvirt/**/*.test.ts'],
    except: [],
    together: false,
    concurrency: 1,
    timeoutMs: 600_000,
  },
}

/** Paths from `root`, sorted; all when `words` is empty. */
export const filesOf = (suite: Suite, words: readonly string[], root: string): readonly string[] => {
  const find = (patterns: readonly string[], except: readonly string[]): readonly string[] =>
    globSync([...patterns], { cwd: root, exclude: ['**/node_modules/**', ...except] })
  const { importing } = suite
  const imports = (path: string): boolean => importing?.test(readFileSync(join(root, path), 'utf8')) === true
  const more = importing === undefined ? [] : find(everywhere, ['test/libvirt/**']).filter(imports)
  return [...new Set([...find(suite.patterns, suite.except), ...more])]
    .map((path) => path.split(sep).join('/'))
    .filter((path) => words.length === 0 || words.some((word) => path.includes(word)))
    .sort()
}

const complain = (text: string): never => {
  process.stderr.write(`${text}\n`)
  process.exit(1)
}

/** Most of a small test's time goes into compiling what it imports: kept from one run to the next. */
const compiled = (root: string): Readonly<Record<string, string>> => ({
  NODE_COMPILE_CACHE: join(root, 'node_modules/.cache/drover-tests'),
})

/** The processes that run the tests write to a pipe: they learn here what the terminal can show. */
const colours = (): Readonly<Record<string, string>> => (process.stdout.isTTY ? { FORCE_COLOR: '1' } : {})

const main = (): void => {
  if (Number(process.versions.node.split('.')[0]) < 24)
    complain('drover needs Node 24 or newer; npm ci installs one: run npm test')
  const [name = '', ...rest] = process.argv.slice(2)
  const root = join(import.meta.dirname, '..')
  const suite = suites[name] ?? complain(`usage: node test/run.ts ${Object.keys(suites).join('|')} [word …]`)
  // A path given from elsewhere, as a shell completes it, means the same as its path from the root.
  const words = rest
    .filter((word) => !word.startsWith('-'))
    .map((word) => (word.startsWith('/') ? relative(root, word) : word.replace(/^\.\//, '')))
  const options = rest.filter((word) => word.startsWith('-'))
  const files = filesOf(suite, words, root)
  if (files.length === 0)
    complain(`no test of '${name}' ${words.length > 0 ? `matches ${words.join(', ')}` : 'found'}`)
  const alone = files.map((file) => [file])
  const reporter = new spec()
  reporter.pipe(process.stdout)
  const crew = startCrew({
    groups: suite.together ? groupsOf(files, (path) => readFileSync(join(root, path), 'utf8')) : alone,
    concurrency: suite.concurrency,
    timeoutMs: suite.timeoutMs,
    silentMs: suite.timeoutMs + 60_000,
    options,
    env: { ...compiled(root), ...colours(), ...process.env, ...suite.env },
    root,
    show: (event) => reporter.write(event),
  })
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => crew.stop(signal))
  crew.finished.then((passed) => {
    reporter.end()
    process.exitCode = passed ? 0 : 1
  })
}

if (import.meta.main) main()
