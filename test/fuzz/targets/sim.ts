/** What `drover sim` reads: experiments, traces of three formats, results to report, and stories. Nothing is simulated. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { problemText } from '../../../packages/agent/src/config/problem.ts'
import { printable } from '../../../packages/agent/src/runtime.ts'
import { readExperiment } from '../../../packages/sim/src/experiment/config/read.ts'
import { readResults } from '../../../packages/sim/src/experiment/files.ts'
import { QuestionError } from '../../../packages/sim/src/experiment/question-error.ts'
import { loadWorkload } from '../../../packages/sim/src/experiment/workloads.ts'
import type { Random } from '../../../packages/sim/src/random.ts'
import { renderReport } from '../../../packages/sim/src/report/report.ts'
import { parseStory } from '../../../packages/sim/src/story/index.ts'
import { madeUpManifest, madeUpRun } from '../../../packages/sim/src/testing/made-up-runs.ts'
import { tarGz } from '../../../packages/sim/src/testing/tar-archive.ts'
import { FileError } from '../../../packages/sim/src/workload/csv.ts'
import type { Workload } from '../../../packages/sim/src/workload/workload.ts'
import { mutatedBytes, mutatedLines, mutatedTree, rawBytes } from '../mutate.ts'
import { asked, type Target, type Verdict } from '../target.ts'

/** A valid input of one format, and what reads it. */
interface Format {
  readonly valid: () => Uint8Array
  /** Default: bytes and lines are changed. */
  readonly mutate?: (random: Random, valid: Uint8Array) => Uint8Array
  readonly read: (directory: string, bytes: Uint8Array) => void
}

/** As a run would use it: every number has to be one. */
const use = ({ hosts, vms, changes, durationMs }: Workload): void => {
  const numbers = [durationMs, ...vms.flatMap((vm) => [vm.cpuMilli, vm.memoryMiB, vm.vcpus])]
  for (const { atMs, cpuMilli } of changes()) numbers.push(atMs, cpuMilli)
  if (!numbers.every(Number.isFinite)) throw new Error('a workload with a number that is none')
  if (hosts.length === 0 || vms.length === 0) throw new Error('a workload without hosts or VMs')
}

const events = 'time_s,vm,cpu_demand\n1,a,50\n2.5,b,100\n7,a,0\n'
const vms = 'vm,class,dirty_pct,initial_host\na,m1.small,10,node0\nb,m1.small,20,node1\n'
const days = ['1\n2\n3\n', '5\n6\n100\n']
const experiment = `name = "study"
algorithms = ["none", "drover:aggressive"]
seeds = [1, 2]
[workload]
kind = "vmplaces"
hosts = 8
mean = 60
[drover]
sample_ms = 1000
[drover.policy]
cooldown_ms = 0
`
const bitbrainsVms = 'vm,cores,cpu_capacity_mhz,mem_capacity_kb\n1,2,4000,2097152\n2,4,8000,4194304\n'
const bitbrainsRows = '1,2.5,3\n4,5,6\n'

/** Rows of two tables in one input, so that both are changed. */
const divider = '====\n'
const parts = (bytes: Uint8Array): readonly [string, string] => {
  const [first = '', second = ''] = Buffer.from(bytes).toString('latin1').split(divider)
  return [first, second]
}

const results = `${JSON.stringify(madeUpManifest)}\n${[1, 2]
  .map((seed) =>
    JSON.stringify(madeUpRun({ algorithm: 'drover', seed, hosts: 4, overloads: 3, withTimeline: true })),
  )
  .join('\n')}\n`

const formats: readonly Format[] = [
  {
    valid: () => Buffer.from(experiment),
    read(directory, bytes) {
      const file = join(directory, 'e.toml')
      writeFileSync(file, bytes)
      const read = readExperiment(file, [])
      if (read.kind === 'wrong') read.problems.map(problemText)
    },
  },
  {
    valid: () => Buffer.from(events + divider + vms),
    read(directory, bytes) {
      const [load, table] = parts(bytes)
      const paths = { events: join(directory, 'l.csv'), vms: join(directory, 'v.csv') }
      writeFileSync(paths.events, load)
      writeFileSync(paths.vms, table)
      use(loadWorkload({ kind: 'vmplaces', ...paths }, 1))
    },
  },
  {
    valid: () => Buffer.from(bitbrainsVms + divider + bitbrainsRows),
    read(directory, bytes) {
      const [table, rows] = parts(bytes)
      for (const [name, text] of [
        ['vms', table],
        ['cpu_mhz', rows],
        ['mem_kb', rows],
      ] as const)
        writeFileSync(join(directory, `b-${name}.csv.gz`), text)
      use(loadWorkload({ kind: 'bitbrains', data: join(directory, 'b') }, 1))
    },
  },
  {
    valid: () => tarGz(days.map((text, i) => ({ name: `20110303/v${i}`, text }))),
    read(directory, bytes) {
      const file = join(directory, 'day.tar.gz')
      writeFileSync(file, bytes)
      use(loadWorkload({ kind: 'planetlab', data: file, hosts: 4 }, 1))
    },
  },
  {
    valid: () => Buffer.from(days.join(divider)),
    read(directory, bytes) {
      const folder = join(directory, 'day')
      mkdirSync(folder, { recursive: true })
      for (const [i, text] of parts(bytes).entries()) writeFileSync(join(folder, `v${i}`), text, 'latin1')
      use(loadWorkload({ kind: 'planetlab', data: folder, hosts: 4 }, 1))
    },
  },
  {
    valid: () => Buffer.from(results),
    mutate(random, valid) {
      const lines = Buffer.from(valid).toString().trim().split('\n')
      const at = random.integer(0, lines.length - 1)
      const changed = JSON.stringify(mutatedTree(random, JSON.parse(lines[at] ?? '')))
      return Buffer.from(`${lines.with(at, changed).join('\n')}\n`)
    },
    read(directory, bytes) {
      const [manifest = '', ...runs] = Buffer.from(bytes).toString('utf8').split('\n')
      writeFileSync(join(directory, 'manifest.json'), manifest)
      writeFileSync(join(directory, 'runs.jsonl'), runs.join('\n'))
      renderReport(readResults(directory))
    },
  },
  {
    valid: () => Buffer.from('# A story.\n\ncluster hosts=3\n----\n\nrun 3s\n----\n  0.412 h0 persist\n'),
    read: (_, bytes) => void parseStory(Buffer.from(bytes).toString('utf8')),
  },
]

/** The first byte says which format the rest is meant for. */
const tagged = (format: number, bytes: Uint8Array): Uint8Array =>
  Buffer.concat([Uint8Array.of(format), bytes])

export const simTarget = (): Target => {
  const directory = mkdtempSync(join(tmpdir(), 'drover-fuzz-'))
  const valid = formats.map((format) => format.valid())
  return {
    name: 'sim',
    bounds: asked,
    shortRuns: 500,
    input(random) {
      const number = random.integer(0, formats.length - 1)
      const [bytes = Buffer.alloc(0), format] = [valid[number], formats[number]]
      if (random.chance(0.03)) return tagged(number, rawBytes(random, 300))
      if (format?.mutate !== undefined && random.chance(0.8))
        return tagged(number, format.mutate(random, bytes))
      if (number === 3 || random.chance(0.4)) {
        const changed = mutatedBytes(random, bytes)
        return tagged(number, random.chance(0.1) ? gzipSync(changed) : changed)
      }
      let text = Buffer.from(bytes).toString('latin1')
      for (let left = random.integer(1, 3); left > 0; left--) text = mutatedLines(random, text)
      return tagged(number, Buffer.from(text))
    },
    run(input): Verdict {
      try {
        formats[(input[0] ?? 0) % formats.length]?.read(directory, input.subarray(1))
        return null
      } catch (error) {
        if (!(error instanceof FileError || error instanceof QuestionError)) throw error
        return printable(error.message) === error.message || error instanceof QuestionError
          ? null
          : `control characters: ${JSON.stringify(error.message)}`
      }
    },
    end: () => rmSync(directory, { recursive: true, force: true }),
  }
}
