/**
 * How long a suspicion lasts before it becomes a death sentence. From Lifeguard (Dadgar, Phillips, Currey, DSN-W 2018):
 * - *LHA-Suspicion* (§IV-B): each independent confirmation shortens it, towards a minimum, on a logarithmic scale;
 * - *LHA-Probe* (§IV-A): a host that has reason to doubt itself gives all others more time. Here its score stretches
 *   suspicions as well as probes.
 */
import { limits } from '../data/config.ts'
import type { HostId, Instant } from '../data/ids.ts'
import { checkSuspicion } from './ring-invariants.ts'

/** log(c + 1) / log(`limits.confirmationsMax` + 1) in permille, for c = 0 … 3: a table, because logarithms differ between machines. */
const shorteningPermille = [0, 500, 792, 1000] as const

export interface Suspicion {
  readonly since: Instant
  /** Hosts that told us of their own suspicion, sorted. */
  readonly confirmedBy: readonly HostId[]
}

/** Integer ms from the beginning of the suspicion to death, for our own score 0 … `limits.slownessMax`. */
export const suspicionMsOf = (suspicion: Suspicion, score: number): number => {
  const longest = limits.suspicionMs
  const shortest = Math.min(longest, Math.max(limits.probeMs, Math.floor(longest / 3)))
  const shortening =
    shorteningPermille[Math.min(suspicion.confirmedBy.length, limits.confirmationsMax)] ?? 1000
  const ms = (longest - Math.floor(((longest - shortest) * shortening) / 1000)) * (1 + score)
  checkSuspicion(suspicion, ms, score)
  return ms
}

/** Each host confirms once. */
export const confirm = (suspicion: Suspicion, by: HostId): Suspicion =>
  suspicion.confirmedBy.includes(by) || suspicion.confirmedBy.length >= limits.confirmationsMax
    ? suspicion
    : { ...suspicion, confirmedBy: [...suspicion.confirmedBy, by].sort() }
