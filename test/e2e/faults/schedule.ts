/** Which faults strike, and when: all of it follows from the seed, before the run begins. */
import { type Random, randomOf } from '../../../packages/sim/src/random.ts'
import { command } from './command.ts'
import { cut } from './cut.ts'
import { daemon } from './daemon.ts'
import { disk } from './disk.ts'
import type { Fault, FaultKind } from './fault.ts'
import { freeze } from './freeze.ts'
import { journal } from './journal.ts'
import { kill } from './kill.ts'
import { lies } from './lies.ts'
import { load } from './load.ts'
import { migration } from './migration.ts'
import { orderly } from './orderly.ts'
import { slow } from './slow.ts'

export const kinds: readonly FaultKind[] = [
  kill,
  freeze,
  cut,
  slow,
  journal,
  disk,
  daemon,
  migration,
  load,
  lies,
  command,
  orderly,
]

export interface Planned {
  readonly atMs: number
  readonly kind: string
  readonly fault: Fault
}

/** How often each kind strikes, as shares. Load moves in every run: without it there is nothing to do. */
const sharesOf = (draw: Random, only: readonly string[] | null): ReadonlyMap<FaultKind, number> => {
  const shares = new Map<FaultKind, number>()
  for (const kind of kinds) {
    const share = draw.chance(0.2) ? 0 : draw.integer(1, 4)
    if (kind === load) shares.set(kind, 8)
    else if (only === null ? share > 0 : only.includes(kind.name)) shares.set(kind, Math.max(1, share))
  }
  return shares
}

const pick = (draw: Random, shares: ReadonlyMap<FaultKind, number>): FaultKind => {
  let left = draw.fraction() * [...shares.values()].reduce((sum, share) => sum + share, 0)
  for (const [kind, share] of shares) {
    left -= share
    if (left < 0) return kind
  }
  return load
}

export interface ScheduleInit {
  readonly seed: number
  readonly hosts: number
  readonly forMs: number
  /** Kinds beside load; null = the seed decides. */
  readonly only: readonly string[] | null
}

/** Sorted by time. Each fault has a stream of its own: leaving one out does not change the others. */
export const drawSchedule = ({ seed, hosts, forMs, only }: ScheduleInit): readonly Planned[] => {
  const draw = randomOf(seed, 'e2e schedule')
  const shares = sharesOf(draw, only)
  // Some seeds strike fast, some leave time to do something.
  const meanMs = draw.pick([500, 1_000, 2_000])
  const planned: Planned[] = []
  for (let atMs = draw.exponential(meanMs); atMs < forMs; atMs += draw.exponential(meanMs)) {
    const kind = pick(draw, shares)
    planned.push({
      atMs,
      kind: kind.name,
      fault: kind.draw(randomOf(seed, 'e2e fault', planned.length), hosts),
    })
  }
  return planned
}
