/**
 * The planner's virtual execution: what may start now, and for which departures it had to wait.
 */

import type { Model } from '../model/model.ts'
import { capacityCode } from '../problem/names.ts'
import { createCapacityPools, createUsedHostsLimits, predecessors } from './capacity-pools.ts'
import { createContinuousRules } from './continuous-rules.ts'
import type { Step } from './step.ts'
import { createTimeline, type Timeline } from './transfers.ts'

export interface Blocker {
  readonly code: string
  readonly text: string
}

export interface Schedule {
  readonly timeline: Timeline
  /** Why the step cannot start now, or null. */
  readonly blockerOf: (step: number) => Blocker | null
  /** May the VM go to that host now, with `spare` (a VM) thought away? */
  readonly roomFor: (v: number, h: number, spare: number) => Blocker | null
  readonly start: (step: number) => void
  readonly finish: (steps: readonly number[]) => void
}

/** `targets`: per VM, the host where it is in the end; −1 = nowhere. */
export const createSchedule = (model: Model, steps: readonly Step[], targets: Int32Array): Schedule => {
  const { dims, hostCount, vmCount, limit } = model
  const { migrationsOutMax, migrationsInMax } = model.problem
  const timeline = createTimeline(hostCount)
  const amountOf = (v: number, d: number) => model.wants[v * dims + d]!
  const load = new Float64Array(hostCount * dims)
  /** Where a VM is being left from or stays; and where it is or is going. −1 = nowhere. */
  const leaving = new Int32Array(vmCount).fill(-1)
  const going = new Int32Array(vmCount).fill(-1)
  for (let v = 0; v < vmCount; v++) {
    const vm = model.vms[v]!
    const h = model.home[v]!
    if (vm.state !== 'running' || h < 0) continue
    leaving[v] = h
    going[v] = h
    for (let d = 0; d < dims; d++) load[h * dims + d]! += amountOf(v, d)
  }
  const cap = Float64Array.from(limit, (amount, i) => Math.max(amount, load[i]!))
  /** Everything that was ever there: initial load plus all arrivals so far. */
  const everArrived = Float64Array.from(load)
  const departed: number[][] = Array.from({ length: hostCount }, () => [])
  const departedOf: number[][] = Array.from({ length: vmCount }, () => [])
  const slots = { out: new Map<number, number[]>(), into: new Map<number, number[]>() }
  const done = new Set<number>()
  const probe = new Int32Array(vmCount).fill(-1)
  const continuous = createContinuousRules(model, leaving, targets)
  const pools = createCapacityPools(model, leaving)
  const usedHostsLimits = createUsedHostsLimits(model, leaving)
  const before = predecessors(model)

  const roomFor = (v: number, h: number, spare: number): Blocker | null => {
    for (let d = 0; d < dims; d++) {
      const spared = spare >= 0 && going[spare] === h ? amountOf(spare, d) : 0
      const over = load[h * dims + d]! - spared + amountOf(v, d) - cap[h * dims + d]!
      if (over > 0 && amountOf(v, d) > 0) {
        const dimension = model.problem.dimensions[d]!
        return {
          code: capacityCode(dimension),
          text: `${model.vms[v]!.id} lacks ${over} ${dimension} on ${model.hosts[h]!.id}`,
        }
      }
    }
    for (const pool of pools) {
      const s = pool.slot[h]!
      if (s < 0) continue
      const spared =
        spare >= 0 && going[spare]! >= 0 && pool.slot[going[spare]!] === s ? pool.amount(spare) : 0
      if (pool.load[s]! - spared + pool.amount(v) > pool.cap[s]! && pool.amount(v) > 0)
        return { code: 'rule.capacity', text: `${model.vms[v]!.id} would exceed ${pool.nameOn(h)}` }
    }
    for (const usedHosts of usedHostsLimits)
      if (usedHosts.inside[h] === 1 && usedHosts.used[h] === 0 && usedHosts.count >= usedHosts.max)
        return { code: 'rule.capacity', text: `${model.hosts[h]!.id} may not be used as well` }
    const hold = spare < 0 ? -1 : leaving[spare]!
    const holdGoing = spare < 0 ? -1 : going[spare]!
    if (spare >= 0) leaving[spare] = going[spare] = -1
    const clash = continuous.violates(leaving, v, h) || continuous.violates(going, v, h)
    if (spare >= 0) {
      leaving[spare] = hold
      going[spare] = holdGoing
    }
    return clash
      ? {
          code: 'rule.anti_affinity',
          text: `${model.vms[v]!.id} may not join the VMs on ${model.hosts[h]!.id}`,
        }
      : null
  }

  const blockerOf = (i: number): Blocker | null => {
    const step = steps[i]!
    if (step.previous >= 0 && !done.has(step.previous))
      return { code: 'plan.waits', text: 'its first half runs' }
    for (const earlier of before.get(step.vm) ?? [])
      if (steps.some((other, j) => other.vm === earlier && !done.has(j)))
        return { code: 'rule.order', text: `${model.vms[earlier]!.id} comes first` }
    if (step.kind === 'migrate') {
      if (timeline.out(step.from) >= migrationsOutMax)
        return { code: 'limit.out', text: 'all slots out are taken' }
      if (timeline.into(step.to) >= migrationsInMax)
        return { code: 'limit.in', text: 'all slots in are taken' }
    }
    return step.to < 0 ? null : roomFor(step.vm, step.to, -1)
  }

  /** The departures that made room for this arrival, oldest first, no more than needed. */
  const waitForRoom = (step: Step): void => {
    const h = step.to
    const missing = Array.from({ length: dims }, (_, d) => everArrived[h * dims + d]! - cap[h * dims + d]!)
    for (const departure of departed[h]!) {
      if (missing.every((amount) => amount <= 0)) return
      const v = steps[departure]!.vm
      if (!missing.some((amount, d) => amount > 0 && amountOf(v, d) > 0)) continue
      step.after.push(departure)
      for (let d = 0; d < dims; d++) missing[d]! -= amountOf(v, d)
    }
  }

  /** The same for caps by rules. */
  const waitForPools = (step: Step): void => {
    for (const pool of pools) {
      const s = pool.slot[step.to]!
      if (s < 0 || pool.amount(step.vm) === 0) continue
      let missing = pool.everArrived[s]! - pool.cap[s]!
      for (const departure of pool.departed[s]!) {
        if (missing <= 0) break
        const amount = pool.amount(steps[departure]!.vm)
        if (amount > 0) step.after.push(departure)
        missing -= amount
      }
    }
  }

  /** Departures of VMs that could not have been there together with this one. */
  const waitForRules = (step: Step): void => {
    for (const constraint of continuous.strictOf(step.vm)) {
      for (const other of constraint.scope)
        for (const departure of departedOf[other]!) {
          probe[other] = steps[departure]!.from
          if (other !== step.vm && constraint.clashes(probe, step.vm, step.to)) step.after.push(departure)
          probe[other] = -1
        }
    }
  }

  /** Never more than `max` at once: each action takes over a slot from one that is done. */
  const takeSlot = (i: number, map: Map<number, number[]>, h: number, max: number): void => {
    const held = map.get(h) ?? []
    map.set(h, held)
    const free = held.length < max ? -1 : held.findIndex((last) => done.has(last))
    if (free < 0) held.push(i)
    else {
      steps[i]!.after.push(held[free]!)
      held[free] = i
    }
  }

  return {
    timeline,
    blockerOf,
    roomFor,
    start: (i) => {
      const step = steps[i]!
      if (step.previous >= 0) step.after.push(step.previous)
      for (const earlier of before.get(step.vm) ?? [])
        for (let j = 0; j < steps.length; j++) if (steps[j]!.vm === earlier) step.after.push(j)
      if (step.to >= 0) {
        going[step.vm] = step.to
        for (let d = 0; d < dims; d++) {
          load[step.to * dims + d]! += amountOf(step.vm, d)
          everArrived[step.to * dims + d]! += amountOf(step.vm, d)
        }
        for (const pool of pools) {
          const s = pool.slot[step.to]!
          if (s < 0) continue
          pool.load[s]! += pool.amount(step.vm)
          pool.everArrived[s]! += pool.amount(step.vm)
        }
        for (const usedHosts of usedHostsLimits) {
          if (usedHosts.inside[step.to] === 0 || usedHosts.used[step.to] === 1) continue
          usedHosts.used[step.to] = 1
          usedHosts.count++
        }
        waitForRoom(step)
        waitForPools(step)
        waitForRules(step)
      }
      if (step.kind === 'migrate') {
        takeSlot(i, slots.out, step.from, migrationsOutMax)
        takeSlot(i, slots.into, step.to, migrationsInMax)
        timeline.start(i, step.from, step.to, step.soloMs)
      } else timeline.start(i, -1, -1, step.soloMs)
    },
    finish: (ended) => {
      for (const i of ended) {
        const step = steps[i]!
        done.add(i)
        leaving[step.vm] = step.to
        going[step.vm] = step.to
        if (step.from < 0) continue
        for (let d = 0; d < dims; d++) load[step.from * dims + d]! -= amountOf(step.vm, d)
        departed[step.from]!.push(i)
        for (const pool of pools) {
          const s = pool.slot[step.from]!
          if (s < 0) continue
          pool.load[s]! -= pool.amount(step.vm)
          pool.departed[s]!.push(i)
        }
        departedOf[step.vm]!.push(i)
      }
    },
  }
}
