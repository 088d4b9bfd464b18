/**
 * What the prober holds of each host: alive, suspect (and since when, and which hosts agree) or dead. The transitions and
 * their bounds, without any messages.
 */
import { limits } from '../data/config.ts'
import { byText, type HostId, type Instant } from '../data/ids.ts'
import { earliestOf } from '../step-context.ts'
import type { Liveness } from './ring-view.ts'
import { confirm, type Suspicion, suspicionMsOf } from './suspicion.ts'

interface Verdict {
  readonly state: Liveness
  /** The newest start count it spoke with; 0 = it never spoke to us. */
  readonly incarnation: number
  readonly suspicion: Suspicion | null
  /** Hosts that suspect it while we do not (yet): they count as soon as we do. */
  readonly accusers: readonly HostId[]
}
const innocent: Verdict = { state: 'alive', incarnation: 0, suspicion: null, accusers: [] }

export const createVerdicts = () => {
  const verdicts = new Map<HostId, Verdict>()
  /** Of the suspects: few of many hosts. */
  const suspicions = new Map<HostId, Suspicion>()
  const of = (host: HostId): Verdict => verdicts.get(host) ?? innocent
  const put = (host: HostId, verdict: Verdict): void => {
    verdicts.set(host, verdict)
    if (verdict.suspicion === null) suspicions.delete(host)
    else suspicions.set(host, verdict.suspicion)
  }
  const drop = (host: HostId): void => {
    verdicts.delete(host)
    suspicions.delete(host)
  }
  const deathAt = (suspicion: Suspicion, score: number): Instant =>
    suspicion.since + suspicionMsOf(suspicion, score)

  return {
    /** 'alive' for a host of which nothing bad is known. */
    stateOf: (host: HostId): Liveness => of(host).state,
    incarnationOf: (host: HostId): number => of(host).incarnation,
    knows: (host: HostId): boolean => verdicts.has(host),

    /** Sorted. */
    suspects: (): readonly HostId[] => [...suspicions.keys()].sort(byText),

    /** A sign of life. True when the host was not alive before. */
    alive(host: HostId, incarnation: number): boolean {
      const before = of(host)
      // Nearly always it was known to be alive.
      const same = before.state === 'alive' && before.accusers.length === 0
      if (same && incarnation <= before.incarnation && verdicts.has(host)) return false
      put(host, { ...innocent, incarnation: Math.max(before.incarnation, incarnation) })
      return before.state !== 'alive'
    },

    /** Our own evidence. True when the host was alive before. */
    suspect(host: HostId, now: Instant): boolean {
      const before = of(host)
      if (before.state !== 'alive') return false
      let suspicion: Suspicion = { since: now, confirmedBy: [] }
      for (const by of before.accusers) suspicion = confirm(suspicion, by)
      put(host, { ...before, state: 'suspect', suspicion, accusers: [] })
      return true
    },

    /** Another's evidence: confirms our suspicion, or waits for it. */
    accuse(host: HostId, by: HostId): void {
      const before = of(host)
      if (before.suspicion !== null) put(host, { ...before, suspicion: confirm(before.suspicion, by) })
      else if (!before.accusers.includes(by) && before.accusers.length < limits.confirmationsMax)
        put(host, { ...before, accusers: [...before.accusers, by] })
    },

    /** Suspects whose time is over are dead from now on. Returns them, sorted. */
    condemn(now: Instant, score: number): readonly HostId[] {
      const condemned: HostId[] = []
      for (const host of [...suspicions.keys()].sort(byText)) {
        if (now < deathAt(suspicions.get(host)!, score)) continue
        const before = of(host)
        drop(host) // and back at the end: the newest of the dead
        put(host, { ...innocent, state: 'dead', incarnation: before.incarnation })
        condemned.push(host)
      }
      return condemned
    },

    /** When `condemn` would find a host; null = none is suspect. */
    condemnAt: (score: number): Instant | null =>
      earliestOf(suspicions.values(), (suspicion) => deathAt(suspicion, score)),

    /** Suspicions last this much longer (or shorter, for a clock that was set back). */
    shift(byMs: number): void {
      for (const [host, suspicion] of suspicions)
        put(host, { ...of(host), suspicion: { ...suspicion, since: suspicion.since + byMs } })
    },

    /** Keeps the listed hosts and every verdict that is not 'alive'; when there are too many, the newest. */
    prune(isListed: (host: HostId) => boolean): void {
      for (const [host, v] of verdicts) if (v.state === 'alive' && !isListed(host)) drop(host)
      for (const host of verdicts.keys()) {
        if (verdicts.size <= limits.viewHostsMax) break
        drop(host)
      }
    },

    forget: drop,
  }
}
