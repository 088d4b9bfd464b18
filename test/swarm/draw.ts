/** Draws the schedule of one seed: how large the cluster is, which kinds of fault exist, and when they strike. */
import { type Random, randomOf } from '../../packages/sim/src/random.ts'
import type { Draft, DraftVm, Kind } from './kind.ts'
import { agentKinds } from './kinds/agents.ts'
import { hypervisorKinds } from './kinds/hypervisors.ts'
import { liarKinds } from './kinds/liars.ts'
import { loadKinds } from './kinds/load.ts'
import { momentKinds } from './kinds/moments.ts'
import { motionKinds } from './kinds/motions.ts'
import { networkKinds } from './kinds/network.ts'
import { onwardKinds } from './kinds/onward.ts'
import { operatorKinds } from './kinds/operators.ts'
import { byTime, type Schedule, type TimedCommand } from './schedule.ts'

/** In alphabetical order, so that one more shifts no other. */
export const allKinds: readonly Kind[] = [
  ...networkKinds,
  ...agentKinds,
  ...hypervisorKinds,
  ...loadKinds,
  ...motionKinds,
  ...momentKinds,
  ...onwardKinds,
  ...operatorKinds,
  ...liarKinds,
].toSorted((a, b) => (a.name < b.name ? -1 : 1))

/** `small`: 2 to 5 hosts; `large`: 6 to 200. */
export type Size = 'small' | 'large'

/** Half of the seeds have 2 to 5 hosts, most of these 3 to 5. Of the others most have 6 to 12, one in a hundred up to 200. */
const hostsOf = (draw: Random): number => {
  if (draw.chance(0.5)) return draw.chance(0.12) ? 2 : draw.integer(3, 5)
  const kind = draw.integer(1, 100)
  if (kind <= 78) return draw.integer(6, 12)
  if (kind <= 95) return draw.integer(13, 40)
  return kind <= 99 ? draw.integer(41, 100) : draw.integer(101, 200)
}

export const sizeOf = (hosts: number): Size => (hosts <= 5 ? 'small' : 'large')

/** Which half of the mix that seed belongs to. */
export const sizeOfSeed = (seed: number): Size => sizeOf(hostsOf(randomOf(seed, 'cluster')))

/** Which kinds a seed may have; `{}` = all. */
export interface DrawnKinds {
  /** Instead of those that are drawn; `[]` = a quiet cluster whose load changes. */
  readonly kinds?: readonly string[]
  /** Without the kinds that are not settled yet. */
  readonly settled?: boolean
}

export interface DrawOptions extends DrawnKinds {
  readonly seed: number
}

/** Each exists with its own probability; of two that exclude each other the later one goes. */
const chosenKinds = ({ seed, kinds, settled = false }: DrawOptions): readonly Kind[] => {
  const chosen: Kind[] = []
  for (const kind of allKinds.filter(({ unsettled }) => !settled || unsettled !== true)) {
    const exists = kinds?.includes(kind.name) ?? randomOf(seed, `${kind.name} exists`).chance(kind.chance)
    const clashes = chosen.some(
      (other) => other.not?.includes(kind.name) === true || kind.not?.includes(other.name) === true,
    )
    if (exists && !clashes) chosen.push(kind)
  }
  return chosen
}

/** Of a seed, without its schedule: in a fraction of the time. */
export const kindsOfSeed = (options: DrawOptions): readonly string[] =>
  chosenKinds(options).map(({ name }) => name)

const vmsOf = (draw: Random, hosts: number): readonly DraftVm[] => {
  const [low, high] = draw.pick([
    [300, 1_000],
    [400, 1_400],
    [1_000, 1_600],
  ])
  const perHost = draw.integer(2, 6)
  return Array.from({ length: hosts }, (_, host) =>
    Array.from({ length: draw.chance(0.8) ? perHost : draw.integer(1, 7) }, (_, i) => ({
      name: `v${host}-${i}`,
      host,
      cpuMilli: draw.integer(low, high),
    })),
  ).flat()
}

const fromMs = 3_000
const untilMs = 300_000
/** The core stays healed, beside the broken rest, until all is healed. */
const coreMs = 120_000
const restMs = 100_000
const endMs = 600_000
/** A migration that never converges is broken off in the end: after four times what 6 GiB take at a fifth of a gigabit's rate. */
const settledS = 1_000
/** What an operator has put an end to is settled after so long, s. */
const afterS = 60

/** How the hosts outside the core stay broken. */
const breakRest = (draw: Random, rest: readonly number[]): readonly TimedCommand[] => {
  const atMs = untilMs
  return rest.flatMap((host) => {
    const h = `h${host}`
    const how = draw.pick(['dead', 'down', 'hung', 'cut off', 'as it is'])
    if (how === 'dead') return [{ atMs, command: `kill-agent ${h}` }]
    if (how === 'down' || how === 'hung') return [{ atMs, command: `daemon ${h} ${how}` }]
    return how === 'cut off' ? [{ atMs, command: `cut-off ${h}` }] : []
  })
}

/** Kinds in which an operator may have pulled a brake, or drained a host. */
const withOperators: readonly string[] = ['orders', 'mode changes', 'brakes at a moment', 'drains called off']

/**
 * The core is healed and gets a new overload; then all is healed; then the load is constant, and nothing may move any more. An
 * operator does what the alarms ask for, and lets go of what was braked: that puts an end to what agents have put off, so it is not
 * done where nothing was braked.
 */
const endingOf = (draw: Random, { hosts, has }: Pick<Draft, 'hosts' | 'has'>): readonly TimedCommand[] => {
  const all = Array.from({ length: hosts }, (_, host) => host)
  const core = draw.shuffle(all).slice(0, draw.integer(Math.min(2, hosts), hosts))
  const rest = all.filter((host) => !core.includes(host))
  const names = (some: readonly number[]) => some.map((host) => `h${host}`).join(' ')
  const braked = withOperators.some(has)
  const free = (some: readonly number[], atMs: number) =>
    (braked ? some : []).flatMap((host) => [
      { atMs, command: `tell h${host} undrain` },
      { atMs, command: `tell h${host} mode auto` },
    ])
  const healedMs = untilMs + coreMs
  const quietMs = endMs - restMs
  return [
    ...breakRest(draw, rest),
    { atMs: untilMs, command: `heal-core ${names(core)}` },
    { atMs: untilMs + 10, command: 'cap-cpu 1200' },
    ...free(core, untilMs + 2_000),
    { atMs: untilMs + 30_000, command: 'operate' },
    { atMs: untilMs + 40_000, command: `overload h${draw.pick(core)} ${draw.integer(8_400, 10_000)}` },
    { atMs: healedMs, command: `heal-core ${names(all)}` },
    { atMs: healedMs + 10, command: 'cap-cpu 1200' },
    ...free(all, healedMs + 2_000),
    { atMs: healedMs + 20_000, command: 'operate' },
    { atMs: quietMs, command: 'operate' },
    { atMs: endMs, command: `until settled within=${settledS}s` },
    // An alarm of a migration that no journal knows comes when it takes too long, which may be later than all of that.
    { atMs: endMs, command: 'operate' },
    { atMs: endMs, command: `until settled within=${afterS}s` },
  ]
}

/** The same seed and options give the same schedule, always. */
export const drawSchedule = (options: DrawOptions): Schedule => {
  const { seed } = options
  const draw = randomOf(seed, 'cluster')
  const hosts = hostsOf(draw)
  const kinds = chosenKinds(options)
  const has = (kind: string): boolean => kinds.some(({ name }) => name === kind)
  const vms = vmsOf(draw, hosts)
  const draft: Draft = { hosts, vms, fromMs, untilMs, has, scale: Math.max(1, hosts / 12) }
  const policy = [
    `policy.overloadHoldMs=${draw.pick([400, 2_000, 10_000])}`,
    `policy.cooldownMs=${draw.pick([0, 5_000, 60_000])}`,
    `policy.migrationsOutMax=${draw.integer(1, 3)}`,
    `policy.migrationsInMax=${draw.integer(1, 3)}`,
    `policy.gossipMs=${draw.pick([1_000, 5_000])}`,
    `policy.autoConverge=${draw.chance(0.7)}`,
  ]
  const settings = kinds.flatMap(
    ({ name, cluster }) => cluster?.(randomOf(seed, `${name} of the cluster`)) ?? [],
  )
  const memories = randomOf(seed, 'memory')
  return {
    seed,
    hosts,
    kinds: kinds.map(({ name }) => name),
    setup: [
      `cluster hosts=${hosts} seed=${seed} ${[...policy, ...settings].join(' ')}`,
      ...kinds.flatMap(({ name, rules }) => rules?.(randomOf(seed, `${name} rules`), draft) ?? []),
      ...vms.map((vm, i) => {
        const extra = kinds.flatMap(
          ({ name, vm: of }) => of?.(randomOf(seed, `${name} of a VM`, i), vm) ?? [],
        )
        const memory = memories.pick([256, 512, 1_024, 2_048])
        return [`vm ${vm.name} h${vm.host} cpu=${vm.cpuMilli} memory=${memory}`, ...extra].join(' ')
      }),
    ],
    events: byTime(kinds.flatMap(({ name, events }) => events?.(randomOf(seed, name), draft) ?? [])).filter(
      ({ atMs }) => atMs < untilMs,
    ),
    ending: byTime(endingOf(randomOf(seed, 'ending'), draft)),
    endMs,
    atRest: true,
  }
}
