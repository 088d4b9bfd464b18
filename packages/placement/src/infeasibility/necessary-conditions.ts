/**
 * Why there is no viable placement: the first necessary condition that fails, with its numbers. The codes are
 * the stable reason codes that operators see.
 */

import type { Model } from '../model/model.ts'
import type { Binding } from '../problem/answer.ts'
import { amountText, capacityCode, dimensionText } from '../problem/names.ts'
import { listed } from '../rules/listed.ts'
import { codeOf, ruleName, ruleReference } from '../rules/rule.ts'
import { contradiction } from './contradiction.ts'
import { type Shortage, shortage, shortCode } from './shortage.ts'

/** A proof of infeasibility that needs no search, or null. */
export const violatedCondition = (model: Model): Binding | null =>
  (totalTooLarge(model) ?? violatedSingleCondition(model) ?? shortage(model) ?? tooMany(model))?.why ?? null

/** One VM, one host or one rule by itself. */
export const violatedSingleCondition = (model: Model): Shortage | null =>
  unplaceableVm(model) ?? fixedLoadTooLarge(model) ?? tooFewSeats(model)

const totalTooLarge = (model: Model): Shortage | null => {
  for (let d = 0; d < model.dims; d++) {
    let wanted = 0
    let room = 0
    for (let v = 0; v < model.vmCount; v++) {
      // What cannot leave a draining host needs no room elsewhere.
      if (model.active[v] === 1 && !(model.fixed[v] === 1 && model.hosts[model.home[v]!]!.state !== 'online'))
        wanted += model.demand[v * model.dims + d]!
    }
    for (let h = 0; h < model.hostCount; h++)
      if (model.hosts[h]!.state === 'online') room += model.limit[h * model.dims + d]!
    const dimension = model.problem.dimensions[d]!
    const online = model.hosts.some((host) => host.state === 'online')
    const missing = amountText(dimension, wanted - room)
    if (wanted > room)
      return {
        why: {
          code: capacityCode(dimension),
          text: `all VMs together need ${amountText(dimension, wanted)}, ${online ? `the online hosts have ${amountText(dimension, room)}: ${missing} short` : 'no host is online'}`,
        },
        help: `${missing} more`,
      }
  }
  return null
}

/** Too few places on hosts that lack different resources, even if all VMs were as small as the smallest. */
const tooMany = (model: Model): Shortage | null => {
  const { dims, demand, limit, hostCount, hosts } = model
  const wanted = model.vms.flatMap((_, v) =>
    model.active[v] === 1 && !(model.fixed[v] === 1 && hosts[model.home[v]!]!.state !== 'online') ? [v] : [],
  )
  /** Per dimension, what the k smallest amounts add up to, for k = 1, 2 … */
  const sums = Array.from({ length: dims }, (_, d) => {
    let sum = 0
    return Float64Array.from(wanted, (v) => demand[v * dims + d]!)
      .sort()
      .map((amount) => {
        sum += amount
        return sum
      })
  })
  const bindsOn = new Int32Array(dims)
  let places = 0
  for (let h = 0; h < hostCount; h++) {
    if (hosts[h]!.state !== 'online') continue
    let fewest = wanted.length
    let tight = -1
    sums.forEach((ofSmallest, d) => {
      let fit = 0
      for (let over = wanted.length + 1; over - fit > 1; ) {
        const middle = (fit + over) >> 1
        if (ofSmallest[middle - 1]! <= limit[h * dims + d]!) fit = middle
        else over = middle
      }
      if (fit >= fewest) return
      fewest = fit
      tight = d
    })
    places += fewest
    if (tight >= 0) bindsOn[tight]!++
  }
  const missing = wanted.length - places
  if (missing <= 0 || bindsOn.every((count) => count === 0)) return null
  const short = model.problem.dimensions.filter((_, d) => bindsOn[d]! > 0).map(dimensionText)
  const most = bindsOn.indexOf(Math.max(...bindsOn))
  return {
    why: {
      code: capacityCode(model.problem.dimensions[most]!),
      text: `${wanted.length} VMs are to run; the online hosts, short of ${listed(short, 'and')}, can take ${places} of even the smallest: ${missing} short`,
    },
    help: `room for ${missing} more`,
  }
}

/** A VM that no host can take, even if it had the host for itself. */
const unplaceableVm = (model: Model): Shortage | null => {
  const { dims, demand, limit, hostCount } = model
  for (let v = 0; v < model.vmCount; v++) {
    if (model.active[v] === 0 || model.fixed[v] === 1) continue
    const domain = model.domain[v]!
    let allowed = 0
    let roomy = false
    /** The host that lacks least, and in which dimension it lacks most. */
    let nearest = -1
    let tight = 0
    let least = Number.POSITIVE_INFINITY
    for (let h = 0; h < hostCount && !roomy; h++) {
      if (domain[h] === 0) continue
      allowed++
      let short = 0
      let of = 0
      for (let d = 0; d < dims; d++) {
        const missing = demand[v * dims + d]! - limit[h * dims + d]!
        if (missing > short) {
          short = missing
          of = d
        }
      }
      if (short === 0) roomy = true
      else if (short < least) {
        least = short
        nearest = h
        tight = of
      }
    }
    const vm = model.vms[v]!
    if (allowed === 0) return { why: noAllowedHost(model, v), help: '' }
    if (roomy) continue
    const dimension = model.problem.dimensions[tight]!
    const host = model.hosts[nearest]!.id
    return {
      why: {
        code: shortCode(model, limit, [v], allowedHosts(domain), tight, demand[v * dims + tight]!),
        text: `${vm.id} needs ${amountText(dimension, demand[v * dims + tight]!)}; the largest host it may be on, ${host}, has ${amountText(dimension, limit[nearest * dims + tight]!)}`,
      },
      help: `${amountText(dimension, least)} more on ${host}`,
    }
  }
  return null
}

const allowedHosts = (domain: Uint8Array): readonly number[] =>
  [...domain].flatMap((bit, h) => (bit === 1 ? [h] : []))

const noAllowedHost = (model: Model, v: number): Binding => {
  const vm = model.vms[v]!
  const baseline = model.home[v]! < 0 ? null : model.hosts[model.home[v]!]!.cpuBaseline
  const online = model.hosts.filter((host) => host.state === 'online')
  if (online.length === 0)
    return { code: 'host.draining', text: `${vm.id} must leave, and no host is online` }
  const compatible = online.filter(
    (host) => baseline === null || host.cpuBaseline === null || host.cpuBaseline === baseline,
  )
  if (compatible.length === 0)
    return {
      code: 'cpu.incompatible',
      text: `${vm.id} needs CPU baseline ${baseline}; no online host has it`,
    }
  return (
    contradiction(model, false) ?? {
      code: 'rule.host_group',
      text: `rules leave ${vm.id} none of ${compatible.length} compatible hosts`,
    }
  )
}

const fixedLoadTooLarge = (model: Model): Shortage | null => {
  const load = new Float64Array(model.hostCount * model.dims)
  for (let v = 0; v < model.vmCount; v++)
    if (model.active[v] === 1 && model.fixed[v] === 1)
      for (let d = 0; d < model.dims; d++)
        load[model.home[v]! * model.dims + d]! += model.demand[v * model.dims + d]!
  for (let i = 0; i < load.length; i++) {
    if (load[i]! <= model.limit[i]!) continue
    const host = model.hosts[Math.floor(i / model.dims)]!
    const dimension = model.problem.dimensions[i % model.dims]!
    return {
      why: {
        code: 'vm.pinned',
        text: `VMs that cannot move need ${amountText(dimension, load[i]!)} on ${host.id}, which may carry ${amountText(dimension, model.limit[i]!)}`,
      },
      help: `${amountText(dimension, load[i]! - model.limit[i]!)} more on ${host.id}`,
    }
  }
  return null
}

/** More VMs than their hosts may take by a rule (the pigeonhole principle: a search would try every arrangement). */
const tooFewSeats = (model: Model): Shortage | null => {
  const open = new Uint8Array(model.hostCount)
  for (const constraint of model.constraints) {
    const { maxPerHost } = constraint
    if (maxPerHost === undefined || constraint.weight >= 0) continue
    const rule = model.problem.rules[constraint.rule]!
    open.fill(0)
    const domains = new Set<Uint8Array>()
    for (const v of constraint.scope) domains.add(model.domain[v]!)
    for (const domain of domains) for (let h = 0; h < model.hostCount; h++) open[h]! |= domain[h]!
    let holes = 0
    let several = false
    for (let h = 0; h < model.hostCount; h++) {
      if (open[h] === 0) continue
      holes += maxPerHost(h)
      several ||= maxPerHost(h) !== 1
    }
    const missing = constraint.scope.length - holes
    if (missing <= 0) continue
    const [wanted, more] = several
      ? [`the hosts that may take its ${constraint.scope.length} VMs may take ${holes} of them`, 'place']
      : [`${constraint.scope.length} VMs are to be on different hosts, only ${holes} may take them`, 'host']
    return {
      why: { code: codeOf(rule), text: `${ruleName(rule)}: ${wanted}` },
      help: `${missing} more ${more}${missing === 1 ? '' : 's'} for them or ${ruleReference(rule)} dropped`,
    }
  }
  return null
}
