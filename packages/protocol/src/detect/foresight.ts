/** What this host expects of itself, and who could spare it an overload. Worked out once for each new state of the host. */
import { linkMiBpsOf, type Policy } from '../config.ts'
import type { Instant } from '../ids.ts'
import { type Resources, subtract } from '../resources.ts'
import { demandOf, type HostState, prospectsHere, usableOf, whyStaysHere } from '../snapshot/host.ts'
import { migrationMs } from '../solve/migration-time.ts'
import { foreseenMs, outlookOf, type Prospect } from './forecast.ts'
import { heldSOf } from './habit.ts'
import { type Footing, footingOf, type Leaver, type SaidOutlook, sayOutlook } from './prevention.ts'

export interface Foresight {
  readonly footing: Footing
  /** As the VMs of the host, in their order. */
  readonly each: readonly Prospect[]
  /** More is foreseen than a migration has to save: worth a look. */
  readonly atRisk: boolean
  /** Demand that is above what is usable now is expected to be so for more than a moment. */
  readonly lasts: boolean
}

/** Foreseen overload, ms as of `foreseenMs`, above which an overload is no blip: ten seconds of it. */
const lastsMsMin = 1_500

/** Null: the policy does not act early, or too little was seen yet. */
export const createForesight = (host: HostState, policy: Policy): (() => Foresight | null) => {
  let revision = -1
  let described: HostState['description'] = null
  let known: Foresight | null = null
  return () => {
    if (policy.forecastGainMsMin === null) return null
    // What is usable may change while the VMs do not.
    if (host.revision === revision && host.description === described) return known
    revision = host.revision
    described = host.description
    const prospects = prospectsHere(host)
    if (!prospects.known) {
      known = null
      return known
    }
    const { cpuMilli } = usableOf(host)
    const footing = footingOf(outlookOf(prospects), cpuMilli)
    // Demand that has just changed for the first time in an hour looks as if it changed all the time: it is expected to
    // last as long as demand did so far.
    const heldS = heldSOf([...host.vms.values()].map((vm) => vm.watch))
    const held = { ...footing.outlook, turnoverS: Math.max(footing.outlook.turnoverS, heldS) }
    known = {
      footing,
      each: prospects.each,
      atRisk: footing.foreseenMs >= policy.forecastGainMsMin,
      lasts: foreseenMs(held, cpuMilli) >= lastsMsMin,
    }
    return known
  }
}

/** What this host tells the others of it, made anew only where it differs. */
export const createOutlookSaid = (lookAhead: () => Foresight | null): (() => SaidOutlook | null) => {
  let of: Foresight | null = null
  let said: SaidOutlook | null = null
  return () => {
    const ahead = lookAhead()
    if (ahead !== of) said = ahead === null ? null : sayOutlook(ahead.footing.outlook)
    of = ahead
    return said
  }
}

/** The VMs that may leave: resting ones only in need (Q1). */
export const leaversOf = (
  host: HostState,
  { each }: Foresight,
  now: Instant,
  policy: Policy,
  inNeed: boolean,
): readonly Leaver[] =>
  [...host.vms.values()].flatMap((vm, i) => {
    if (whyStaysHere(host, now, vm, inNeed ? 'overload' : 'forecast', inNeed) !== null) return []
    const movingMs = migrationMs(vm.memoryMiB, vm.dirtyMiBps ?? 0, linkMiBpsOf(policy))
    return [{ prospect: each[i]!, demand: vm.demand, movingMs }]
  })

/** Demand above what is usable, now. */
export const excessHere = (host: HostState): Resources => subtract(demandOf(host), usableOf(host))
