/**
 * Where results come from: enough to make them again, and to know whether two of them may be compared. Written beside
 * the runs as `manifest.json`; documented in docs/simulation.md; add, never rename.
 */
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { droverVersion } from '@drover/agent/cli'

export interface Manifest {
  readonly schemaVersion: 1
  /** Of drover. */
  readonly version: string
  /** Of the checkout that ran, with `+` behind it when something in it was changed; null outside of a checkout. */
  readonly commit: string | null
  readonly seeds: readonly number[]
  /** As they were asked for, e.g. `drover:aggressive`. */
  readonly algorithms: readonly string[]
  /** The configuration after the options of the command line, every default filled in. */
  readonly configuration: unknown
  /** SHA-256 of its canonical JSON (keys sorted), hexadecimal. */
  readonly configurationHash: string
  /** Words of the command line, from `drover` on. */
  readonly command: readonly string[]
  /** Of Node.js. */
  readonly runtime: string
  /** When the first run began, ISO 8601, UTC. The only thing here that two equal runs do not share. */
  readonly startedAt: string
  /** The configuration's own name, for headings. */
  readonly name: string
}

/** JSON with the keys of every object in order, so that equal values give equal text. */
export const canonicalJson = (value: unknown): string => {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null'
  const pairs = Object.entries(value)
    .filter(([, one]) => one !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : 1))
  return `{${pairs.map(([key, one]) => `${JSON.stringify(key)}:${canonicalJson(one)}`).join(',')}}`
}

export const hashOf = (configuration: unknown): string =>
  createHash('sha256').update(canonicalJson(configuration)).digest('hex')

const git = (...words: readonly string[]): string | null => {
  try {
    const cwd = import.meta.dirname
    return execFileSync('git', words, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim()
  } catch {
    return null
  }
}

/** Null where drover was not started from a checkout, or git is not there to ask. */
const commitOf = (): string | null => {
  // An installed package may lie below another project's checkout: that commit would say nothing about drover.
  if (import.meta.dirname.includes('node_modules')) return null
  const commit = git('rev-parse', 'HEAD')
  return commit === null || git('status', '--porcelain', '--untracked-files=no') === ''
    ? commit
    : `${commit}+`
}

export const manifestOf = (
  told: Pick<Manifest, 'name' | 'seeds' | 'algorithms' | 'configuration' | 'command' | 'startedAt'>,
): Manifest => ({
  schemaVersion: 1,
  version: droverVersion,
  commit: commitOf(),
  configurationHash: hashOf(told.configuration),
  runtime: process.version,
  ...told,
})
