/**
 * Which files are used? From the entries (public pages, programs, npm scripts, workers) along every relative path
 * that is imported or named in a string: a path may be handed to `new Worker` or `new URL` as well.
 */
import { posix } from 'node:path'
import { isTest, isTestSupport, type Source } from './source.ts'

/** Started by a path that is computed, so that no literal names it. */
const started: readonly string[] = [
  'packages/agent/src/solve/worker.ts', // worker-pool.ts: so that the emitted package starts `worker.js`
]

/** `named`: npm scripts, and the files that a manifest exports. */
const isEntry = (source: Source, named: readonly string[]): boolean =>
  /^packages\/[^/]+\/(?:src\/index\.ts|bin\/)/.test(source.path) ||
  started.includes(source.path) ||
  /\bimport\.meta\.main\b/.test(source.code) ||
  named.some((text) => text.includes(source.path))

const reachFrom = (start: readonly string[], sources: ReadonlyMap<string, Source>): ReadonlySet<string> => {
  const seen = new Set(start)
  for (const path of seen)
    for (const { value } of sources.get(path)?.literals ?? []) {
      if (!/^\.\.?\/.*\.[jt]s$/.test(value)) continue
      const target = posix.join(posix.dirname(path), value)
      if (sources.has(target)) seen.add(target)
    }
  return seen
}

/**
 * Files of `packages/<name>/src` that nothing uses. What is for tests must be used by a test; everything else by the
 * product: a test alone keeps no product code alive.
 */
export const deadFiles = (all: readonly Source[], named: readonly string[]): readonly string[] => {
  const sources = new Map(all.map((source) => [source.path, source]))
  const paths = [...sources.keys()]
  const product = all.filter((source) => !isTest(source.path) && !isTestSupport(source.path))
  const entries = product.filter((source) => isEntry(source, named)).map(({ path }) => path)
  const inProduct = reachFrom(entries, sources)
  const inTests = reachFrom(
    paths.filter((path) => isTest(path) || path.startsWith('test/')),
    sources,
  )
  return paths
    .filter((path) => /^packages\/[^/]+\/src\/.*\.ts$/.test(path) && !isTest(path))
    .filter((path) => !(isTestSupport(path) ? inTests : inProduct).has(path))
    .sort()
}
