/** Which need of this host comes first, if any: an operator's order, an overload, a drain, a broken rule. */

import {
  amountText,
  assert,
  checkRule,
  coresText,
  dimensions,
  firstExcess,
  type HostOutlook,
  type Resources,
  resources,
  scale,
  staysOn,
  sum,
} from '@drover/placement'
import type { HostId, Instant } from '../data/ids.ts'
import type {
  DrainNeed,
  ForecastNeed,
  MigrateNeed,
  Need,
  NoNeed,
  OverloadNeed,
  RuleNeed,
} from '../data/need.ts'
import { demandOf, type HostState, usableHere, whyStaysHere } from '../snapshot/host.ts'
import { drainOf } from './drain.ts'
import { type LoadState, overloadReason, severityOf } from './load.ts'

const zero = resources(() => 0)

/** What must leave to bring `demand` down to the clear mark. */
const toClear = (demand: Resources, usable: Resources, clearPermille: number): Resources => {
  const clear = scale(usable, clearPermille)
  return resources((d) => (demand[d] > usable[d] ? demand[d] - clear[d] : 0))
}

const overload = (
  host: HostState,
  load: LoadState,
  now: Instant,
  clearPermille: number,
): OverloadNeed | null => {
  const usable = usableHere(host)
  const demand = demandOf(host)
  // Between the clear mark and usable an overload goes on, and needs no cure.
  const dimension = firstExcess(demand, usable)
  if (load.overloaded === null || load.overloadedAt === null || dimension === null) return null
  const worst = demand[load.overloaded] > usable[load.overloaded] ? load.overloaded : dimension
  const wanted = toClear(demand, usable, clearPermille)
  const severity = severityOf(demand, usable)
  assert(
    severity > 0 && wanted[worst] > 0,
    () => `an overload of ${worst} weighs something, and asks for room`,
  )
  return {
    kind: 'overload',
    dimension: worst,
    reason: overloadReason[worst],
    since: load.overloadedAt,
    severity,
    wanted,
    text: `demand ${amountText(worst, demand[worst])} of ${amountText(worst, usable[worst])} usable, for ${((now - (load.since ?? now)) / 1000).toFixed(1)} s`,
  }
}

const drain = (host: HostState, now: Instant): DrainNeed | null => {
  if (!host.draining) return null
  const { leaving } = drainOf(host, now)
  if (leaving.length === 0) return null
  return {
    kind: 'drain',
    reason: 'drain',
    since: now,
    severity: 0,
    wanted: sum(leaving.map((vm) => vm.demand)),
    text: `draining: ${leaving.length} VM${leaving.length === 1 ? '' : 's'} to leave`,
  }
}

/** The need of a host that expects an overload. */
export const forecastNeed = (outlook: HostOutlook, now: Instant): ForecastNeed => ({
  kind: 'forecast',
  reason: 'forecast.cpu',
  since: now,
  severity: 0,
  wanted: zero,
  text: `demand ${coresText(outlook.forecast.nowMilli)} of ${coresText(outlook.usableMilli)} usable; ${(outlook.expectedOverloadMs / 1000).toFixed(1)} s of overload foreseen`,
})

/**
 * The need of a host whose VMs break a rule among themselves, or by being here; null = they break none. What a migration has left
 * paused runs elsewhere, or is run again in a moment: until then nothing has to make way for it.
 */
const brokenRule = (host: HostState, self: HostId, now: Instant): RuleNeed | null => {
  if (host.rules.length === 0) return null
  const here = [...host.vms.values()].filter(({ pausedBy }) => pausedBy !== 'migration')
  const stays = staysOn(self, here)
  const movable = (vm: string) =>
    here.some((one) => one.vm === vm && whyStaysHere(host, now, one, 'rule', false) === null)
  for (const rule of host.rules)
    for (const violation of checkRule(rule, stays)) {
      const vm = violation.vms.find(movable)
      if (vm === undefined) continue
      return {
        kind: 'rule',
        reason: 'rule.violation',
        since: now,
        severity: 0,
        wanted: host.vms.get(vm)!.demand,
        text: `${rule.name ?? rule.kind}: ${violation.text}`,
      }
    }
  return null
}

export const findNeed = (
  host: HostState,
  self: HostId,
  load: LoadState,
  orders: readonly MigrateNeed[],
  now: Instant,
  clearPermille: number,
): Need | null =>
  orders[0] ?? overload(host, load, now, clearPermille) ?? drain(host, now) ?? brokenRule(host, self, now)

/** What `drover plan` asks about when nothing is wrong. */
export const noNeed = (now: Instant): NoNeed => ({
  kind: 'none',
  reason: 'operator',
  since: now,
  severity: 0,
  wanted: zero,
  text: 'nothing is wrong on this host',
})

/** Share of the usable capacity by which two demands differ, permille, in the dimension where they differ most. */
export const changePermille = (a: Resources, b: Resources, usable: Resources): number =>
  Math.max(...dimensions.map((d) => Math.floor((Math.abs(a[d] - b[d]) * 1000) / Math.max(1, usable[d]))))
