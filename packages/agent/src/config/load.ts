/** From files, environment and flags to checked `Settings`. Reports every problem at once. */
import { readdirSync } from 'node:fs'
import { hostname } from 'node:os'
import { dirname, join } from 'node:path'
import { type Policy, policyOf, type Resources } from '@drover/protocol'
import * as z from 'zod'
import { GivenError, givenBytes, readGivenText } from '../given/read-given.ts'
import { envLayer, type Flag, fileLayer, flagLayer, type Layer, mergeLayers } from './layer.ts'
import type { Path } from './path.ts'
import { type Problem, problemsOf } from './problem.ts'
import { type FileConfig, fileSchema } from './schema.ts'
import { configReader } from './schema-node.ts'
import { readClusterKey } from './secret.ts'
import type { Settings } from './settings.ts'
import { tlsFaults } from './tls-files.ts'

export const defaultConfigFile = '/etc/drover/config.toml'

export interface LoadOptions {
  /** Exactly this file, which must exist. Default: `/etc/drover/config.toml` if it exists, and `config.d/*.toml` beside it. */
  readonly file?: string
  readonly env?: Readonly<Record<string, string | undefined>>
  readonly flags?: readonly Flag[]
  /**
   * `required`: a missing or open secret file is a problem (the agent). `noted`: only a warning, for a
   * configuration that is checked on another machine than it is meant for. Default `required`.
   */
  readonly secrets?: 'required' | 'noted'
  /** For tests: stands for `/etc/drover/config.toml`. */
  readonly defaultFile?: string
}

export interface Loaded {
  /** Null when there are problems. */
  readonly settings: Settings | null
  readonly problems: readonly Problem[]
  readonly warnings: readonly Problem[]
  /** The files that were read, in order. */
  readonly files: readonly string[]
}

const readLayers = (
  options: LoadOptions,
): { readonly layers: Layer[]; readonly problems: Problem[]; readonly files: string[] } => {
  const layers: Layer[] = []
  const problems: Problem[] = []
  const files: string[] = []
  const take = (file: string, mayBeAbsent: boolean): void => {
    try {
      const layer = fileLayer(file, readGivenText(file, { bytesMax: givenBytes.settings }))
      files.push(file)
      if ('tree' in layer) layers.push(layer)
      else problems.push(layer)
    } catch (error) {
      if (!(error instanceof GivenError)) throw error
      if (error.systemCode === 'ENOENT' && mayBeAbsent) return
      problems.push({
        code: 'unreadable',
        key: '',
        text: error.text,
        suggestion: null,
        origin: { kind: 'file', file, line: null },
      })
    }
  }
  if (options.file !== undefined) take(options.file, false)
  else {
    const main = options.defaultFile ?? defaultConfigFile
    take(main, true)
    for (const file of partsOf(join(dirname(main), 'config.d'))) take(file, false)
  }
  return { layers, problems, files }
}

const partsOf = (directory: string): readonly string[] => {
  try {
    return readdirSync(directory)
      .filter((name) => name.endsWith('.toml') && !name.startsWith('.'))
      .sort()
      .map((name) => join(directory, name))
  } catch {
    return []
  }
}

export const loadSettings = (options: LoadOptions = {}): Loaded => {
  const { layers, problems, files } = readLayers(options)
  const env = envLayer(options.env ?? {})
  const merged = mergeLayers([...layers, env.layer, flagLayer(options.flags ?? [], configReader)])
  const checked = fileSchema.safeParse(merged.tree)
  const all: Problem[] = [
    ...problems,
    ...env.problems,
    ...(checked.success ? [] : problemsOf(checked.error.issues, merged.tree, merged.originOf, configReader)),
  ]
  const warnings: Problem[] = []
  const at = (path: Path, code: Problem['code'], key: string, text: string): Problem => ({
    code,
    key,
    text,
    suggestion: null,
    origin: merged.originOf(path),
  })
  // Looked at even when the rest is wrong, so that one run tells everything.
  const keyFile = checked.success ? checked.data.network.cluster_key_file : keyFileOf(merged)
  const secret = readClusterKey(keyFile)
  if (secret.kind === 'refused')
    (options.secrets === 'noted' ? warnings : all).push(
      at(['network', 'cluster_key_file'], 'secret', 'network.cluster_key_file', secret.text),
    )
  if (!checked.success) return { settings: null, problems: inOrder(all, files), warnings, files }

  const config = checked.data
  for (const dimension of ['cpu_milli', 'memory_mib'] as const) {
    const capacity = config.capacity[dimension]
    const reserve = config.reserve[dimension]
    if (capacity !== undefined && reserve !== undefined && reserve >= capacity)
      all.push(
        at(
          ['reserve', dimension],
          'invalid',
          `reserve.${dimension}`,
          `${reserve} leaves nothing of the capacity ${capacity}`,
        ),
      )
  }
  const { tls } = config.hypervisor
  for (const { key, text } of tls === undefined ? [] : tlsFaults(tls))
    (options.secrets === 'noted' ? warnings : all).push(
      at(['hypervisor', 'tls', key], 'secret', `hypervisor.tls.${key}`, text),
    )
  if (config.network.bootstrap.length === 0)
    warnings.push(
      at(
        ['network', 'bootstrap'],
        'invalid',
        'network.bootstrap',
        'is empty: this agent waits for others to find it',
      ),
    )
  if (all.length > 0) return { settings: null, problems: inOrder(all, files), warnings, files }
  return {
    settings: settingsOf(config, secret.kind === 'key' ? secret.bytes : null),
    problems: [],
    warnings,
    files,
  }
}

/** As one reads: file by file from top to bottom, then the rest. */
const inOrder = (problems: readonly Problem[], files: readonly string[]): readonly Problem[] => {
  const place = ({ origin }: Problem): readonly [number, number] => {
    if (origin.kind !== 'file') return [files.length + 1, 0]
    const file = files.indexOf(origin.file)
    return [file === -1 ? files.length : file, origin.line ?? 0]
  }
  return problems.toSorted((a, b) => {
    const [fileA, lineA] = place(a)
    const [fileB, lineB] = place(b)
    return fileA - fileB || lineA - lineB
  })
}

/** Where the key would be read from, of a configuration that failed the check. */
const keyFileOf = (layer: Layer): string => {
  const found = z.object({ network: z.object({ cluster_key_file: z.string().min(1) }) }).safeParse(layer.tree)
  return found.success ? found.data.network.cluster_key_file : fileSchema.parse({}).network.cluster_key_file
}

/** Leaves out what was not given: "not given" and `undefined` are different things to `exactOptionalPropertyTypes`. */
const given = <T extends object>(values: { readonly [K in keyof T]: T[K] | undefined }): Partial<T> =>
  Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as Partial<T>

const amountsOf = (amounts: FileConfig['reserve']): Partial<Resources> =>
  given<Resources>({ cpuMilli: amounts.cpu_milli, memoryMiB: amounts.memory_mib })

/** The policy of the core, of the section of the file. */
export const policyFrom = (policy: FileConfig['policy']): Policy =>
  policyOf(
    policy.preset,
    given<Policy>({
      overloadHoldMs: policy.overload_hold_ms,
      clearPermille: policy.clear_permille,
      forecastGainMsMin: policy.act_early ? policy.forecast_gain_ms_min : null,
      cooldownMs: policy.cooldown_ms,
      gainMinPermille: policy.gain_min_permille,
      migrationsOutMax: policy.migrations_out_max,
      migrationsInMax: policy.migrations_in_max,
      bandwidthMiBps: policy.bandwidth_mib_per_s,
      autoConverge: policy.auto_converge,
      gossipMs: policy.gossip_ms,
      quarantineMs: policy.quarantine_ms,
    }),
  )

const settingsOf = (config: FileConfig, clusterKey: Uint8Array | null): Settings => ({
  host: {
    name: config.host.name ?? hostname(),
    location: config.host.location,
    failureDomain: config.host.failure_domain ?? null,
    dataDir: config.host.data_dir,
  },
  capacity: amountsOf(config.capacity),
  reserve: amountsOf(config.reserve),
  hypervisor: {
    driver: config.hypervisor.driver,
    uri: config.hypervisor.uri,
    migrationUri: config.hypervisor.migration_uri ?? null,
    tls: config.hypervisor.tls ?? null,
    diskLock: config.hypervisor.disk_lock,
    sharedPaths: config.hypervisor.shared_paths,
    sampleMs: config.hypervisor.sample_ms,
  },
  network: {
    listen: config.network.listen,
    announce: config.network.announce,
    bootstrap: config.network.bootstrap,
    clusterKey,
    allow: config.network.allow ?? null,
  },
  mode: config.mode,
  policy: policyFrom(config.policy),
  rules: config.rules,
  api: { socket: config.api.socket, metricsListen: config.api.metrics_listen ?? null },
  log: { level: config.log.level },
})
