/**
 * A researcher describes an experiment in a file, or in options, and gets the same figures whenever it is run again. A
 * mistake is shown with its place and a suggestion, before any time is spent.
 */
import assert from 'node:assert/strict'
import { globSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { problemText, schemaReaderOf } from '@drover/agent/cli'
import type { Run, RunResult } from '../run/result.ts'
import { camelKeys } from './case.ts'
import { algorithmSections } from './config/algorithm-sections.ts'
import { type Experiment, readExperiment } from './config/read.ts'
import { experimentSchema } from './config/schema.ts'
import { readResults, runsCsv, writeResults } from './files.ts'
import { canonicalJson, hashOf, manifestOf } from './manifest.ts'
import { QuestionError } from './question-error.ts'
import { runOnce } from './run-once.ts'
import { atSizes, flatness, type ScalingRow, scalingRow } from './scaling.ts'
import { specsOf } from './spec.ts'
import { checkFiles } from './workloads.ts'

const directory = mkdtempSync(join(tmpdir(), 'drover-experiment-'))
after(() => rmSync(directory, { recursive: true }))

const file = (name: string, ...lines: readonly string[]): string => {
  const path = join(directory, name)
  writeFileSync(path, lines.join('\n'))
  return path
}
const flag = (name: string, key: string, text: string) => ({ flag: name, key, text })
/** Tables, which have rows for their keys only. */
const experimentKeys = ['workload', 'scaling', ...Object.keys(algorithmSections)]
const small = [
  flag('--scenario', 'workload.kind', 'vmplaces'),
  flag('--hosts', 'workload.hosts', '6'),
  flag('--mean', 'workload.mean', '68'),
  flag('--std', 'workload.std', '25'),
  flag('--duration', 'workload.duration_s', '400'),
]
const experimentOf = (...flags: readonly ReturnType<typeof flag>[]): Experiment => {
  const read = readExperiment(null, [...small, ...flags])
  assert.equal(read.kind, 'experiment')
  return (read as Extract<typeof read, { kind: 'experiment' }>).experiment
}
const problems = (path: string | null, ...flags: readonly ReturnType<typeof flag>[]): readonly string[] => {
  const read = readExperiment(path, flags)
  return read.kind === 'wrong'
    ? read.problems.map((problem) => problemText(problem).replace(directory, '.'))
    : []
}

test('the same configuration and seed give the same trace, another seed another one', async () => {
  const [first] = specsOf(experimentOf(flag('--seed', 'seeds', '7')))
  const [other] = specsOf(experimentOf(flag('--seed', 'seeds', '8')))
  const runs = [await runOnce(first!), await runOnce(first!), await runOnce(other!)]
  const [once, again, changed] = runs.map(({ result }) => result)
  assert.ok(once!.migrations > 0, 'a run without migrations would show nothing')
  assert.equal(again!.traceHash, once!.traceHash)
  const timeless = ({ cpuSeconds: _, peakRssMiB: __, ...rest }: RunResult): unknown => rest
  assert.deepEqual(timeless(again!), timeless(once!))
  assert.notEqual(changed!.traceHash, once!.traceHash)
  assert.deepEqual([once!.algorithm, once!.preset, once!.seed], ['drover', 'balanced', 7])
})

test('every algorithm runs with what the configuration says of it', async () => {
  const path = file(
    'all.toml',
    'algorithms = ["none", "lazy-ffd", "entropy", "greedy-central", "snooze", "dvms", "dvms-random", "crs", "drover:aggressive"]',
    '[dvms]\nmembers_min = 2',
    '[greedy-central]\nact_reserve_milli = 100',
    '[drover]\nsample_ms = 1000\n[drover.policy]\ncooldown_ms = 0',
  )
  const read = readExperiment(path, small)
  assert.equal(read.kind, 'experiment')
  const { algorithms, workload } = (read as Extract<typeof read, { kind: 'experiment' }>).experiment
  const optionsOf = (name: string): unknown => {
    const found = algorithms.find((one) => one.name === name)
    return found !== undefined && 'options' in found ? found.options : null
  }
  assert.deepEqual(optionsOf('dvms'), { membersMin: 2 })
  assert.deepEqual(optionsOf('dvms-random'), { membersMin: 2 })
  assert.deepEqual(optionsOf('greedy-central'), { actReserveMilli: 100 })
  const drover = optionsOf('drover') as { sampleMs: number; preset: string; policy: Record<string, number> }
  assert.equal(drover.sampleMs, 1_000)
  assert.equal(drover.preset, 'aggressive')
  assert.deepEqual([drover.policy['cooldownMs'], drover.policy['migrationsOutMax']], [0, 2])
  for (const algorithm of algorithms) {
    const { result } = await runOnce({ workload, algorithm, seed: 3 })
    assert.equal(result.algorithm, algorithm.name)
    assert.equal(result.hosts, 6)
  }
})

test('every mistake in a configuration is reported at once, with line and suggestion', () => {
  const path = file(
    'wrong.toml',
    'algoritms = ["none"]',
    '[workload]',
    'kind = "vmplace"',
    'hosts = 3',
    '[drover.policy]',
    'cooldown = 3',
  )
  const kinds = '"vmplaces", "planetlab", "bitbrains", "steps", "waves" or "flash-crowds"'
  assert.deepEqual(problems(path).toSorted(), [
    './wrong.toml:1: algoritms: unknown key; did you mean algorithms?',
    `./wrong.toml:3: workload.kind: expected ${kinds}, got "vmplace"; did you mean vmplaces?`,
    './wrong.toml:6: drover.policy.cooldown: unknown key; did you mean drover.policy.cooldown_ms?',
  ])
  assert.deepEqual(
    problems(null, ...small, flag('--algorithm', 'algorithms', 'drovr:aggresive,drover:fast')),
    [
      '--algorithm: algorithms[0]: no algorithm "drovr"; there are none, lazy-ffd, entropy, greedy-central, snooze, dvms, dvms-random, crs, drover; did you mean drover?',
      '--algorithm: algorithms[1]: no preset "fast"; there are conservative, balanced, aggressive',
    ],
  )
  assert.deepEqual(problems(null, flag('--scenario', 'workload.kind', 'vmplaces')), [
    '--scenario: workload.hosts: is missing: give hosts to generate a workload, or events and vms to replay one',
  ])
  const half = problems(null, ...small, flag('--events', 'workload.events', 'x'))
  assert.ok(
    half.includes(
      '--events: workload.events: needs vms as well: the events of a run and its VMs are two files',
    ),
  )
  assert.ok(half.some((text) => text.startsWith('--hosts: workload.hosts: is of generated workloads')))
  assert.deepEqual(problems(join(directory, 'none.toml')), ['./none.toml: no such file (ENOENT)'])
})

test('keys arrive as the code calls them', () => {
  assert.deepEqual(camelKeys({ host_memory_gib: 1, link_mbps: 2, hosts: 3, peak: undefined }), {
    hostMemoryGiB: 1,
    linkMbps: 2,
    hosts: 3,
  })
})

test('options that a scheduler cannot use are wrong usage, not a fault', async () => {
  const flags = [flag('--set', 'drover.gossip', 'full'), flag('--hosts', 'workload.hosts', '129')]
  const [spec] = specsOf(experimentOf(...flags))
  await assert.rejects(runOnce(spec!), (error) => error instanceof QuestionError && /128/.test(error.message))
})

test('a file of traces that is not there is named before anything runs', () => {
  const { workload } = experimentOf()
  checkFiles(workload)
  assert.throws(
    () => checkFiles({ kind: 'vmplaces', events: 'no/such.load.csv.gz', vms: 'no/such.vms.csv.gz' }),
    (error) => error instanceof QuestionError && /no\/such\.load\.csv\.gz: no such file/.test(error.message),
  )
})

test('every example is valid', () => {
  const examples = globSync('../../../../examples/*.toml', { cwd: import.meta.dirname })
  assert.ok(examples.length >= 6)
  for (const example of examples) assert.deepEqual(problems(join(import.meta.dirname, example)), [], example)
})

test('the page about simulation has every key of the configuration, and every field of the results', async () => {
  const page = readFileSync(join(import.meta.dirname, '../../../../docs/simulation.md'), 'utf8')
  const keys = schemaReaderOf(experimentSchema).allKeys.filter(
    (key) => !key.startsWith('drover.policy.') && !experimentKeys.some((table) => key === table),
  )
  assert.ok(keys.length > 30)
  const { result } = await runOnce(specsOf(experimentOf(flag('--algorithm', 'algorithms', 'none')))[0]!)
  const missing = [...keys, ...Object.keys(result)].filter((name) => !page.includes(`\n| \`${name}\` |`))
  assert.deepEqual(missing, [])
})

test('results are written whole, and read back as they were', async () => {
  const experiment = experimentOf()
  const runs = [await runOnce(specsOf(experiment)[0]!)]
  const manifest = manifestOf({
    name: 'a test',
    seeds: experiment.seeds,
    algorithms: ['drover'],
    configuration: experiment.configuration,
    command: ['drover', 'sim', 'run'],
    startedAt: '2026-11-23T00:00:00.000Z',
  })
  const out = join(directory, 'deep', 'results')
  writeResults(out, runs, manifest)
  assert.deepEqual(readdirSync(out).sort(), ['manifest.json', 'runs.csv', 'runs.jsonl'])
  assert.deepEqual(readResults(out), { runs, manifest: JSON.parse(JSON.stringify(manifest)) })
  const [head = '', row = ''] = readFileSync(join(out, 'runs.csv'), 'utf8').split('\r\n')
  assert.match(head, /^schemaVersion,algorithm,hosts,vms,seed,overloadSeconds,overloads,/)
  assert.ok(!head.includes('overloadDurationsS'), 'lists are for the lines of JSON')
  assert.match(row, /^1,drover,6,60,1,/)
  assert.equal(runsCsv([]), '')
  assert.throws(() => readResults(directory), /manifest\.json: no such file/)
  assert.throws(() => writeResults(join(out, 'runs.csv'), runs, manifest), QuestionError)
  // Another program has written them: what the report does not know is left out, what is wrong is named.
  const [run] = runs
  const kept = (result: object): readonly Run[] => {
    writeFileSync(
      join(out, 'runs.jsonl'),
      `${JSON.stringify({ ...run, result: { ...run?.result, ...result } })}\n`,
    )
    return readResults(out).runs
  }
  assert.deepEqual(kept({ new: true })[0]?.result, run?.result)
  assert.throws(() => kept({ hosts: 'many' }), /runs\.jsonl:1: result\.hosts: /)
})

test('the hash of a configuration does not depend on the order of its keys', () => {
  assert.equal(canonicalJson({ b: [1, { d: 1, c: undefined }], a: null }), '{"a":null,"b":[1,{"d":1}]}')
  assert.equal(hashOf({ a: 1, b: 2 }), hashOf({ b: 2, a: 1 }))
  assert.notEqual(hashOf({ a: 1 }), hashOf({ a: 2 }))
})

test('a scaling study runs the same at every size, and says whether an agent notices', async () => {
  const specs = atSizes(specsOf(experimentOf(flag('--algorithm', 'algorithms', 'dvms'))), [4, 8])
  const rows: ScalingRow[] = []
  for (const spec of specs) rows.push(scalingRow((await runOnce(spec)).result))
  assert.deepEqual(
    rows.map(({ hosts, vms }) => [hosts, vms]),
    [
      [4, 40],
      [8, 80],
    ],
  )
  assert.equal(flatness(rows), null, 'there is no flatness below a full arc')
  const sized = (hosts: number, messagesPerHostPerS: number) => ({ ...rows[0]!, hosts, messagesPerHostPerS })
  assert.match(
    flatness([sized(256, 10), sized(1_024, 10.5)]) ?? '',
    /^Flat from 256 to 1024 hosts: .*messages 5 %/,
  )
  assert.match(flatness([sized(256, 10), sized(1_024, 12)]) ?? '', /^NOT flat .*messages 20 %/)
})
