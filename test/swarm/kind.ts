/** A kind of fault, or of change, that a seed may have. Each draws from a stream of its own. */
import type { Random } from '../../packages/sim/src/random.ts'
import type { TimedCommand } from './schedule.ts'

/** A VM of the seed, as it begins. */
export interface DraftVm {
  readonly name: string
  readonly host: number
  readonly cpuMilli: number
}

/** What every kind knows of the seed. */
export interface Draft {
  readonly hosts: number
  readonly vms: readonly DraftVm[]
  /** Faults strike between these two, ms. */
  readonly fromMs: number
  readonly untilMs: number
  /** The kinds that this seed has. */
  readonly has: (kind: string) => boolean
  /** How much more happens than in a cluster of five hosts: at least 1. */
  readonly scale: number
}

export interface Kind {
  readonly name: string
  /** The probability that a seed has it. */
  readonly chance: number
  /**
   * Left out of the seeds that hold back a change in CI: some seeds that have it still break a promise. Fresh seeds and `npm run
   * swarm` have it.
   */
  readonly unsettled?: true
  /** Not in one seed with these: what they do together is for an operator, and the reason stands beside it. */
  readonly not?: readonly string[]
  /** What it adds to the command that makes the cluster. */
  readonly cluster?: (draw: Random) => readonly string[]
  /** What it adds to the command that makes a VM. */
  readonly vm?: (draw: Random, vm: DraftVm) => readonly string[]
  /** Rules, which every agent knows from the start. */
  readonly rules?: (draw: Random, draft: Draft) => readonly string[]
  readonly events?: (draw: Random, draft: Draft) => readonly TimedCommand[]
}

/**
 * Agents lose journals in it. With the memory of a grey window lost, too, the VM is for the operator (R1: never a guess). The kinds that CI
 * holds to do not draw these together yet.
 */
export const isForgetful = ({ has }: Draft): boolean =>
  ['lost journals', 'torn journals', 'starts in the past'].some(has)

/** Some moment while faults strike. */
export const moment = (draw: Random, { fromMs, untilMs }: Draft): number => draw.integer(fromMs, untilMs)

export const someHost = (draw: Random, { hosts }: Draft): number => draw.integer(0, hosts - 1)

/** Two different ones, in any order. */
export const twoHosts = (draw: Random, { hosts }: Draft): readonly [number, number] => {
  const a = draw.integer(0, hosts - 1)
  const b = (a + draw.integer(1, hosts - 1)) % hosts
  return [a, b]
}

/** Mostly short, seldom long, ms: 0.1 s to 10 leases. */
export const duration = (draw: Random): number =>
  draw.chance(0.7) ? draw.integer(100, 6_000) : draw.integer(6_000, 50_000)

/** As often as this seed has it; more in a larger cluster. */
export const times = <T>(
  draw: Random,
  { scale }: Draft,
  most: number,
  make: () => readonly T[],
): readonly T[] => Array.from({ length: Math.ceil(draw.integer(1, most) * scale) }, make).flat()

/** Begins with one command and ends with another, the end not after the time of faults. */
export const lasting = (
  draw: Random,
  draft: Draft,
  begin: string,
  end: string,
): readonly [TimedCommand, TimedCommand] => {
  const atMs = moment(draw, draft)
  return [
    { atMs, command: begin },
    { atMs: Math.min(atMs + duration(draw), draft.untilMs), command: end },
  ]
}

/** One host has too much, and another one room for it. */
export const unbalance = (draw: Random, draft: Draft, atMs: number): readonly TimedCommand[] => {
  const [full, empty] = twoHosts(draw, draft)
  return [
    { atMs, command: `overload h${empty} ${draw.integer(1_500, 4_000)}` },
    { atMs, command: `overload h${full} ${draw.integer(8_300, 11_000)}` },
  ]
}
