/** Plays one schedule and says what became of it. */
import type { Effect } from '../../packages/protocol/src/index.ts'
import type { WorldEvent } from '../../packages/sim/src/hypervisor/events.ts'
import type { Violation } from '../../packages/sim/src/invariants/findings.ts'
import { createStoryPlayer, type StoryPlayer } from '../../packages/sim/src/story/index.ts'
import { commandsOf, type Schedule } from './schedule.ts'
import { createTraceHash } from './trace-hash.ts'

/** The program itself failed, or did not come to an end: a promise is broken by that, too. */
export interface ProgramFailure {
  readonly invariant: 'error' | 'hang'
  readonly atMs: number
  readonly text: string
}

export interface Outcome {
  readonly seed: number
  readonly hosts: number
  readonly kinds: readonly string[]
  /** Which promises are broken; empty = none. */
  readonly violations: readonly (Violation | ProgramFailure)[]
  readonly decisions: { readonly cured: number; readonly failed: number; readonly other: number }
  readonly migrations: number
  /** How long each partition took that cured an overload, from its detection on, ms. */
  readonly curesMs: readonly number[]
  /** Of everything that agents asked for and that happened in the world, in order. */
  readonly traceHash: string
  /** CPU time of this process, ms. */
  readonly cpuMs: number
  /** The longest that each promise of liveness took to hold, ms. */
  readonly longestMs: Readonly<Record<string, number>>
}

/** What is broken at the end (`over`), or as soon as a command cannot be carried out. */
const brokenOf = (player: StoryPlayer, failure: string | null, over: boolean): Outcome['violations'] => {
  const { cluster } = player
  const atMs = Math.round(cluster?.clock.now() ?? 0)
  const error = failure === null ? [] : [{ invariant: 'error' as const, atMs, text: failure }]
  if (cluster === null) return error
  const found = over ? cluster.checker.checkAtRest() : cluster.checker.violations()
  return [...error, ...found, ...(cluster.liveness()?.violations() ?? [])].toSorted((a, b) => a.atMs - b.atMs)
}

export interface PlayOptions {
  /** Ends as soon as something is broken: to see whether a seed breaks anything, in less time. */
  readonly untilBroken?: boolean
}

const isBroken = ({ cluster }: StoryPlayer): boolean =>
  cluster !== null && cluster.checker.violations().length + (cluster.liveness()?.violations().length ?? 0) > 0

export const playSchedule = async (
  schedule: Schedule,
  { untilBroken = false }: PlayOptions = {},
): Promise<Outcome> => {
  const before = process.cpuUsage()
  const hash = createTraceHash()
  let migrations = 0
  const player = createStoryPlayer({
    effect: (atMs: number, host: number, effect: Effect) => hash.effect(atMs, host, effect),
    event(event: WorldEvent) {
      if (event.kind === 'migration-ended' && event.end === 'moved') migrations += 1
      hash.event(event)
    },
  })
  let failure: string | null = null
  let over = false
  try {
    for (const command of commandsOf(schedule)) {
      await player.act(command)
      if (untilBroken && isBroken(player)) break
    }
    over = !untilBroken || !isBroken(player)
  } catch (error) {
    failure = error instanceof Error ? (error.stack ?? error.message) : String(error)
  }
  const violations = brokenOf(player, failure, over)
  const decisions = { cured: 0, failed: 0, other: 0 }
  const curesMs: number[] = []
  for (const { result, reason, endedMs } of player.cluster?.outcomes() ?? []) {
    decisions[result === 'cured' || result === 'failed' ? result : 'other'] += 1
    if (result === 'cured' && reason.startsWith('overload.') && endedMs !== null) curesMs.push(endedMs)
  }
  const longestMs = { ...player.cluster?.liveness()?.longestMs() }
  player.cluster?.close()
  const { user, system } = process.cpuUsage(before)
  return {
    seed: schedule.seed,
    hosts: schedule.hosts,
    kinds: schedule.kinds,
    violations,
    decisions,
    migrations,
    curesMs,
    traceHash: hash.digest(),
    cpuMs: (user + system) / 1_000,
    longestMs,
  }
}
