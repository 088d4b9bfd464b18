/**
 * How one guest's memory is sent while it runs: the pre-copy model of VMPlaceS (Lèbre et al., Euro-Par 2015) as a fluid.
 * The first round sends all memory, each further one what was rewritten during the round before (at most nine tenths
 * of the memory), until the rest can be sent within 30 ms; then the guest stops for the rest.
 */

export interface Precopy {
  /** Of the current round. */
  toSendMiB: number
  /** Rewritten during the current round. */
  dirtiedMiB: number
  transferredMiB: number
  rateMiBps: number
  /** A fault strikes when so much is transferred; null = none will. */
  faultAtMiB: number | null
}

/** Stop and copy begins when what remains takes at most this long, ms (QEMU's `downtime-limit` of old). */
const downtimeMsMax = 30
/** No round rewrites more than this share of the memory, permille. */
const dirtiedPermilleMax = 900
/** Less than this is nothing: what rounding leaves. */
export const tinyMiB = 1e-6

/** What is still to be sent before its fault strikes; null = it has none. */
export const untilFaultMiB = ({ faultAtMiB, transferredMiB }: Precopy): number | null =>
  faultAtMiB === null ? null : Math.max(0, faultAtMiB - transferredMiB)

/** Ready for its last round: what was rewritten can be sent within the downtime. */
export const converged = ({ toSendMiB, dirtiedMiB, rateMiBps }: Precopy): boolean =>
  toSendMiB <= tinyMiB && dirtiedMiB <= (rateMiBps * downtimeMsMax) / 1000

/** When a round has ended, the next one sends what was rewritten during it. */
export const nextRound = (p: Precopy): void => {
  if (p.toSendMiB > tinyMiB) return
  p.toSendMiB = p.dirtiedMiB
  p.dirtiedMiB = 0
}

/**
 * Lets time pass: rounds end exactly when they do, however late a timer may fire. Stops where something has to
 * happen that others see: at a fault, or at the last round.
 */
export const advance = (p: Precopy, seconds: number, memoryMiB: number, dirtyMiBps: number): void => {
  const dirtiedMax = (memoryMiB * dirtiedPermilleMax) / 1000
  for (let left = seconds; left > 0 && p.rateMiBps > 0; ) {
    const untilFault = untilFaultMiB(p)
    if ((untilFault !== null && untilFault <= tinyMiB) || converged(p)) return
    nextRound(p)
    const until = Math.min(p.toSendMiB, untilFault ?? p.toSendMiB)
    const spent = Math.min(left, until / p.rateMiBps)
    const sent = Math.min(until, p.rateMiBps * spent)
    p.toSendMiB -= sent
    p.transferredMiB += sent
    p.dirtiedMiB = Math.min(p.dirtiedMiB + dirtyMiBps * spent, dirtiedMax)
    left -= spent
  }
}
