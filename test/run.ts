/**
 * Runs the tests. `node test/run.ts quick` runs all that need no system package, `node test/run.ts libvirt` those on
 * real hypervisors, one file at a time. Further words keep only the files whose path contains one of them; further
 * options go to Node's test runner (`--test-name-pattern=…`).
 */
import { spawn } from 'node:child_process'
import { globSync } from 'node:fs'
import { join, relative, sep } from 'node:path'

interface Suite {
  readonly patterns: readonly string[]
  readonly except: readonly string[]
  /** Files at a time. */
  readonly concurrency: number
  /** One test may take this long, ms: against a hang, not a promise of speed. */
  readonly timeoutMs: number
}

export const suites: Readonly<Record<string, Suite>> = {
  quick: {
    patterns: ['packages/*/src/**/*.test.ts', 'test/**/*.test.ts'],
    except: ['test/libvirt/**'],
    concurrency: 2,
    timeoutMs: 180_000,
  },
  libvirt: { patterns: ['test/libvirt/**/*.test.ts'], except: [], concurrency: 1, timeoutMs: 600_000 },
}

/** Paths from `root`, sorted; all when `words` is empty. */
export const filesOf = (suite: Suite, words: readonly string[], root: string): readonly string[] =>
  globSync([...suite.patterns], { cwd: root, exclude: ['**/node_modules/**', ...suite.except] })
    .map((path) => path.split(sep).join('/'))
    .filter((path) => words.length === 0 || words.some((word) => path.includes(word)))
    .sort()

const complain = (text: string): never => {
  process.stderr.write(`${text}\n`)
  process.exit(1)
}

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
  const child = spawn(
    process.execPath,
    [
      '--test',
      `--test-concurrency=${suite.concurrency}`,
      `--test-timeout=${suite.timeoutMs}`,
      '--test-reporter=spec',
      ...options,
      ...files,
    ],
    { cwd: root, stdio: 'inherit' },
  )
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => child.kill(signal))
  child.on('exit', (code) => {
    process.exitCode = code ?? 1
  })
}

if (import.meta.main) main()
