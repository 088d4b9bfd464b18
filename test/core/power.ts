/**
 * How good are the stories and swarms at finding faults? Seeds one fault at a time into a copy of the core, and runs them
 * against it: each must be found, and the number of swarm seeds that it took is printed. A suite that cannot find these
 * proves nothing.
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

interface Fault {
  readonly name: string
  /** Below packages/protocol/src. */
  readonly file: string
  readonly from: string
  readonly to: string
}

const faults: readonly Fault[] = [
  {
    name: 'release: any partition of the leader frees the lease (no id check, as DVMS)',
    file: 'partition/member.ts',
    from: 'isCurrent(lease, message.partition, message.epoch) && lease.leader === from ? lease : null',
    to: 'lease',
  },
  {
    name: 'lease: not held while an action runs',
    file: 'peer/peer-parts.ts',
    from: 'busy: actions.busy,',
    to: 'busy: () => false,',
  },
  {
    name: 'ledger: promises are not counted',
    file: 'actions/may-come.ts',
    from: 'refusal(host, promises, coming.demand)',
    to: 'refusal(host, [], coming.demand)',
  },
  {
    name: 'ledger: departures are credited when they begin',
    file: 'migration/outgoing.ts',
    from: 'hooks.started(moving.action)',
    to: 'hooks.started(moving.action); hooks.gone(moving.vm)',
  },
  {
    name: 'unknown is taken for failure',
    file: 'migration/outgoing.ts',
    from: "return poll({ ...migration, phase: 'settling' })",
    to: "return refuse(migration, result.code, '', true)",
  },
  {
    name: 'begin: the lease is not checked again',
    file: 'actions/assigned-action.ts',
    from: "if (!isCurrent(lease, partition, epoch)) return { code: 'lease.stale', text: 'no such lease here' } if (lease.assigned === null)",
    to: 'if (lease === null || lease.assigned === null)',
  },
  {
    name: 'cool-down is ignored',
    file: 'snapshot/may-move.ts',
    from: 'vm.cooldownMs > 0 && ownIdea[need]',
    to: 'vm.cooldownMs < 0 && ownIdea[need]',
  },
  {
    name: 'epochs start again after a restart',
    file: 'peer/peer-parts.ts',
    from: 'Math.max(init.restored.epoch, init.incarnation * 1_000)',
    to: '0',
  },
  {
    name: 'hand-over: the copy runs without asking the source',
    file: 'migration/resolve-unknown.ts',
    from: "if (here === 'paused' && nowhere(source)) return",
    to: "if (here === 'paused') return",
  },
  {
    name: 'grey window: the source resumes without asking the destination',
    file: 'migration/resolve-unknown.ts',
    from: "if (nowhere(there)) return stable >= 1 ? { kind: 'resume-here' } : wait",
    to: "if (nowhere(there) || there === null) return { kind: 'resume-here' }",
  },
  {
    name: 'doubt: an answer to an earlier question counts',
    file: 'migration/outgoing-end.ts',
    from: "if (phase !== 'settling' || rounds.number !== round) return",
    to: "if (phase !== 'settling') return",
  },
  {
    name: 'doubt: a VM that runs at its source has stayed at the first look',
    file: 'migration/resolve-unknown.ts',
    from: "return steadyMs >= limits.lateStartMs ? { kind: 'stayed' } : wait",
    to: "return { kind: 'stayed' }",
  },
  {
    name: 'hand-over: one that nobody heard is forgotten',
    file: 'migration/outgoing-table.ts',
    from: 'if (duty !== null) duties.take(duty)',
    to: '',
  },
  {
    name: 'hand-over: a copy without a record runs at any old word',
    file: 'migration/incoming.ts',
    from: 'if (migration.adopted && (round !== migration.rounds.number || demand === null)) return true',
    to: '',
  },
  {
    name: 'alarm: a VM left paused is not seen',
    file: 'migration/alarms.ts',
    from: "filter((vm) => vm.pausedBy === 'migration')",
    to: 'filter(() => false)',
  },
  {
    name: 'restart: open actions are forgotten',
    file: 'migration/migrations.ts',
    from: 'for (const one of open)',
    to: 'for (const one of open.slice(0, 0))',
  },
  {
    name: 'leader: what was lost is not said again',
    file: 'partition/execution.ts',
    from: 'for (const action of state.execution === null ? [] : progress.running(state.execution))',
    to: 'for (const action of state.execution === null ? [] : progress.running(state.execution).slice(0, 0))',
  },
  {
    name: 'a lease never lapses',
    file: 'partition/member.ts',
    from: 'if (lease !== null && lease.expiresAt <= desk.now() && !hooks.busy()) lease = null',
    to: '',
  },
]

const root = join(import.meta.dirname, '../..')
const seedsMax = 120
const seedsPerRun = 20

const place = mkdtempSync(join(tmpdir(), 'drover-power-'))
for (const part of ['packages', 'test/core', 'test/kit'])
  cpSync(join(root, part), join(place, part), {
    recursive: true,
    filter: (path) => !path.includes('node_modules'),
  })
cpSync(join(root, 'package.json'), join(place, 'package.json'))
mkdirSync(join(place, 'node_modules/@drover'), { recursive: true })
for (const name of readdirSync(join(root, 'node_modules')).filter((one) => one !== '@drover'))
  symlinkSync(join(root, 'node_modules', name), join(place, 'node_modules', name))
for (const name of ['agent', 'placement', 'protocol', 'sim'])
  symlinkSync(join(place, 'packages', name), join(place, 'node_modules/@drover', name))

const run = (files: readonly string[], env: Record<string, string> = {}): string | null => {
  const { status, stdout } = spawnSync(
    process.execPath,
    ['--test', ...files.map((file) => join(place, file))],
    {
      encoding: 'utf8',
      env: { ...process.env, ...env },
      timeout: 600_000,
    },
  )
  return status === 0 ? null : (stdout.match(/^✖ (.*) \(/m)?.[1] ?? 'it did not end')
}

const stories = [
  ...['overload', 'competition', 'quiet', 'operator', 'faults', 'settle'].map(
    (name) => `test/core/${name}.test.ts`,
  ),
  ...[
    'partition/member',
    'partition/execution',
    'partition/judge-reserve',
    'migration/resolve-unknown',
    'migration/outgoing',
    'migration/hand-over',
    'migration/duties',
    'migration/admission',
    'partition/plan-progress',
    'snapshot/host',
    'snapshot/formulate',
  ].map((name) => `packages/protocol/src/${name}.test.ts`),
]
let missed = 0
const counts: number[] = []
try {
  const control = run([...stories, 'test/core/swarm.test.ts'], { DROVER_SEEDS: '20' })
  if (control !== null) throw new Error(`the sound core fails: ${control}`)
  const words = process.argv.slice(2)
  for (const fault of faults.filter((one) => words.every((word) => one.name.includes(word)))) {
    const path = join(place, 'packages/protocol/src', fault.file)
    const sound = readFileSync(path, 'utf8')
    const lines = (text: string) => text.replace(/\s+/g, ' ')
    if (!lines(sound).includes(lines(fault.from)))
      throw new Error(`${fault.file} has changed: mend the fault '${fault.name}'`)
    const pattern = new RegExp(
      fault.from
        .split(/\s+/)
        .map((word) => word.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'))
        .join('\\s+'),
    )
    writeFileSync(
      path,
      sound.replace(pattern, () => fault.to),
    )
    const story = run(stories)
    let found: string | null = null
    let seeds = 0
    for (let first = 1; first <= seedsMax && found === null; first += seedsPerRun) {
      found = run(['test/core/swarm.test.ts'], {
        DROVER_SEED_FIRST: String(first),
        DROVER_SEEDS: String(seedsPerRun),
      })
      seeds = found === null ? first + seedsPerRun - 1 : Number(found.match(/\d+/)?.[0] ?? first)
    }
    if (found !== null) counts.push(seeds)
    if (found === null && story === null) missed += 1
    console.log(
      `${found === null && story === null ? 'MISSED' : 'found '}  ${fault.name}\n          story: ${story ?? '–'}\n          swarm: ${found === null ? `not in ${seeds} seeds` : `seed ${seeds}`}`,
    )
    writeFileSync(path, sound)
  }
} finally {
  rmSync(place, { recursive: true, force: true })
}
counts.sort((a, b) => a - b)
console.log(
  `${missed} missed; swarm seeds to find one, median ${counts[Math.floor(counts.length / 2)] ?? '–'}`,
)
process.exit(missed === 0 ? 0 : 1)
