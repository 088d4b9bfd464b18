/**
 * What holds of the failure detector and of the view whenever they change, if this code is right. Other hosts and late clocks may
 * say and do anything: that is judged before it gets here.
 */
import { assert } from '@drover/placement'
import { limits } from '../data/config.ts'
import type { HostId, Instant } from '../data/ids.ts'
import { comparePositions } from './order.ts'
import type { Probe, ProbeState } from './probe-state.ts'
import type { Liveness, Member } from './ring-view.ts'
import type { Suspicion } from './suspicion.ts'

type Probing = Pick<ProbeState, 'score' | 'sequence' | 'probes' | 'lastNow' | 'promisedAt'>

/** At the end of each call. */
export const checkProbing = (
  self: HostId,
  { score, sequence, probes, lastNow, promisedAt }: Probing,
  now: Instant,
): void => {
  assert(
    score >= 0 && score <= limits.slownessMax,
    () => `a score is 0 to ${limits.slownessMax}, not ${score}`,
  )
  assert(probes.size <= limits.probesMax, () => `${probes.size} probes are no more than ${limits.probesMax}`)
  assert(!probes.has(self), 'a host does not probe itself')
  assert(lastNow === now, () => `the call of ${now} is the last one, not that of ${lastNow}`)
  assert(
    promisedAt === null || promisedAt >= now,
    () => `the next call, at ${promisedAt}, is not before ${now}`,
  )
  for (const [host, one] of probes)
    assert(
      one.sequence >= 1 && one.sequence <= sequence,
      () => `the probe of ${host} has one of ${sequence} numbers, not ${one.sequence}`,
    )
}

/** A probe begins: its helpers are asked before it ends. */
export const checkProbe = (host: HostId, { indirectAt, endsAt }: Probe, now: Instant): void => {
  assert(endsAt > now, () => `the probe of ${host} ends after ${now}, not at ${endsAt}`)
  assert(
    indirectAt !== null && indirectAt > now && indirectAt <= endsAt,
    () => `the helpers of a probe of ${host} are asked between ${now} and ${endsAt}, not at ${indirectAt}`,
  )
}

/** The verdict on a host changes: dead hosts were suspected before, and no host judges itself. */
export const checkVerdict = (self: HostId, host: HostId, before: Liveness, next: Liveness): void => {
  assert(host !== self, () => `${host} does not judge itself ${next}`)
  assert(before !== next, () => `${host} is ${before} already`)
  assert(next !== 'dead' || before === 'suspect', () => `${host}, ${before}, is not called dead at once`)
  assert(next !== 'suspect' || before === 'alive', () => `${host}, ${before}, is not suspected again`)
}

/** How long a suspicion lasts, ms, for a score of our own. */
export const checkSuspicion = ({ confirmedBy }: Suspicion, ms: number, score: number): void => {
  assert(
    confirmedBy.length <= limits.confirmationsMax,
    () => `a suspicion has ${limits.confirmationsMax} confirmations at most, not ${confirmedBy.length}`,
  )
  assert(
    Number.isSafeInteger(ms) && ms >= Math.min(limits.probeMs, limits.suspicionMs),
    () => `a suspicion lasts a period at least, not ${ms} ms`,
  )
  assert(
    ms <= limits.suspicionMs * (1 + score),
    () => `a suspicion lasts ${limits.suspicionMs} ms at most, ${1 + score} fold, not ${ms}`,
  )
}

/** The view around a place that has just changed: the rest was looked at when it changed (S15). */
export const checkRing = (ring: readonly Member[], known: number, hostsMax: number, index: number): void => {
  assert(
    ring.length === known,
    () => `${known} known hosts are in the ring once: it has ${ring.length} places`,
  )
  assert(ring.length <= hostsMax, () => `a view of ${ring.length} hosts has ${hostsMax} at most`)
  for (let i = Math.max(1, index); i <= index + 1 && i < ring.length; i++)
    assert(
      comparePositions(ring[i - 1]!.position, ring[i]!.position) < 0,
      () =>
        `${ring[i - 1]!.position.host} is before ${ring[i]!.position.host} in the ring, and both are there once`,
    )
}

export const checkNeighbours = (of: HostId, hosts: readonly HostId[], k: number): void => {
  assert(hosts.length <= 2 * k, () => `${of} has ${hosts.length} neighbours, ${k} on either side at most`)
  assert(!hosts.includes(of), () => `${of} is no neighbour of itself`)
  assert(
    new Set(hosts).size === hosts.length,
    () => `the neighbours of ${of} are named once: ${hosts.join(' ')}`,
  )
}
