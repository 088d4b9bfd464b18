/** After healing: which promises are kept, after how long, and what is left where one is not. */
import type { Run } from '../run.ts'
import { nameOf } from '../run.ts'
import { type Bound, type PromiseCode, promises } from './bounds.ts'
import type { Operator } from './operator.ts'
import type { Starvation } from './starvation.ts'
import type { Watch } from './watch.ts'

export interface Verdict {
  readonly code: PromiseCode
  readonly bound: Bound
  /** Time that counted until it came true and stayed so, ms; null = not within its bound. */
  readonly metAfterMs: number | null
  /** The same by the clock, also where it did not come true, ms. */
  readonly clockMs: number
  /** What was missing when time was up. */
  readonly left: readonly string[]
}

export interface LivenessInit {
  readonly run: Run
  readonly watch: Watch
  readonly operator: Operator
  readonly starvation: Starvation
  readonly bounds: Readonly<Record<PromiseCode, Bound>>
  /** Hosts whose agents were dead when everything was healed. */
  readonly dead: readonly number[]
  /** Partitions and actions in doubt of the time of faults, as the last statuses showed them. */
  readonly before: Remains
  readonly stopped: () => boolean
}

export interface Remains {
  readonly partitions: ReadonlySet<string>
  readonly doubts: ReadonlySet<string>
}

export const remainsOf = ({ statuses }: Watch): Remains => {
  const views = [...statuses.values()].map(({ view }) => view)
  return {
    partitions: new Set(views.flatMap(({ lease }) => (lease === null ? [] : [lease.partition]))),
    doubts: new Set(
      views.flatMap(({ migrations }) =>
        migrations.flatMap(({ phase, action }) => (phase === 'settling' ? [action] : [])),
      ),
    ),
  }
}

/** What a promise is judged by. */
export type Seen = Pick<LivenessInit, 'run' | 'watch' | 'dead' | 'before'>

/** Hosts without a status, in words: nothing can be said of them. */
const silent = (
  { run, watch }: Pick<Seen, 'run' | 'watch'>,
  hosts: readonly number[] = run.hosts,
): readonly string[] =>
  hosts.filter((host) => !watch.statuses.has(host)).map((host) => `${nameOf(host)} is silent`)

export const unconnected = (seen: Pick<Seen, 'run' | 'watch'>): readonly string[] => [
  ...silent(seen),
  ...[...seen.watch.statuses].flatMap(([host, { view, peersConnected }]) => {
    const others = view.members.filter(({ state }) => state === 'alive').length
    const wanted = seen.run.hosts.length - 1
    return others === wanted && peersConnected === wanted
      ? []
      : [`${nameOf(host)} sees ${others} alive, ${peersConnected} connected, of ${wanted}`]
  }),
]

/** What is missing from each promise now; empty = it is kept. */
export const missingFrom: Readonly<Record<PromiseCode, (seen: Seen) => readonly string[]>> = {
  L1: (seen) => [
    ...silent(seen),
    ...[...seen.watch.statuses].flatMap(([host, { view }]) =>
      view.lease !== null && seen.before.partitions.has(view.lease.partition)
        ? [`${nameOf(host)} is leased to ${view.lease.partition}`]
        : [],
    ),
  ],
  L3: ({ run, watch }) =>
    run.world.hosts().flatMap(({ name, demand, capacity }) => {
      if (demand.cpuMilli <= capacity.cpuMilli && demand.memoryMiB <= capacity.memoryMiB) return []
      const view = [...watch.statuses].find(([host]) => nameOf(host) === name)?.[1].view
      const last = view?.decisions[0]
      return [
        `${name} wants ${demand.cpuMilli} of ${capacity.cpuMilli}; last decision ${last?.result ?? 'none'} ${last?.id ?? ''}`,
      ]
    }),
  L4: unconnected,
  L5: (seen) => [
    ...silent(seen, seen.dead),
    ...seen.dead.flatMap((host) => {
      const view = seen.watch.statuses.get(host)?.view
      if (view === undefined) return []
      const name = nameOf(host)
      const unreported = seen.run.world
        .migrations()
        .filter(({ vm, from }) => from === name && !view.migrations.some((one) => one.vm === vm))
        .map(({ vm }) => `${name} does not report that ${vm} leaves it`)
      return [...(view.able ? [] : [`${name} takes no part: ${view.troubles.join(' ')}`]), ...unreported]
    }),
  ],
  L6: (seen) => [
    ...silent(seen),
    ...[...seen.watch.statuses].flatMap(([host, { view }]) =>
      view.migrations.flatMap(({ phase, action, vm }) =>
        phase === 'settling' && seen.before.doubts.has(action)
          ? [`${nameOf(host)} does not know how ${action} of ${vm} ended`]
          : [],
      ),
    ),
  ],
}

const lookMs = 250

/** Resolves when each promise is kept or its time is up. */
export const waitForPromises = async (init: LivenessInit): Promise<readonly Verdict[]> => {
  const { starvation, bounds, operator, run } = init
  const begun = starvation.countedMs
  const begunAt = performance.now()
  const verdicts = new Map<PromiseCode, Verdict>()
  while (verdicts.size < promises.length && !init.stopped()) {
    starvation.look()
    operator.look()
    const passedMs = starvation.countedMs - begun
    for (const code of promises) {
      if (verdicts.has(code)) continue
      const bound = bounds[code]
      const left = missingFrom[code](init)
      if (left.length > 0 && passedMs < bound.ms) continue
      const metAfterMs = left.length === 0 ? Math.round(passedMs) : null
      const clockMs = Math.round(performance.now() - begunAt)
      verdicts.set(code, { code, bound, metAfterMs, clockMs, left })
      const seconds = `${(passedMs / 1_000).toFixed(1)} s (${(clockMs / 1_000).toFixed(1)} s by the clock)`
      run.say(`${code} ${left.length === 0 ? 'kept' : 'NOT kept'} after ${seconds}: ${bound.what}`)
      for (const one of left) run.say(`  ${one}`)
    }
    await new Promise((resolve) => setTimeout(resolve, lookMs))
  }
  return promises.flatMap((code) => verdicts.get(code) ?? [])
}

/** What still moves, waits or is in trouble anywhere; empty = rest. */
export const unrest = ({ run, watch }: Pick<Seen, 'run' | 'watch'>): readonly string[] => [
  ...run.world.migrations().map(({ vm, from, to }) => `${vm} is on its way from ${from} to ${to}`),
  ...run.hosts.flatMap((host) => {
    const name = nameOf(host)
    const view = watch.statuses.get(host)?.view
    if (view === undefined) return [`${name} is silent`]
    return [
      ...(view.lease === null ? [] : [`${name} is leased to ${view.lease.partition}`]),
      ...(view.able ? [] : [`${name} takes no part: ${view.troubles.join(' ')}`]),
      ...view.migrations.map(({ direction, vm, phase }) => `${name}: ${vm} ${direction} ${phase}`),
      ...view.alarms.map(({ code, vm }) => `${name}: alarm ${code} of ${vm}`),
    ]
  }),
]
