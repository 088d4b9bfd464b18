/**
 * From moves to a DAG of actions that is viable in *every* order it allows. A virtual execution starts whatever
 * fits, counting a VM on both ends while it travels; each arrival then waits for exactly those departures that
 * made its room. (Why that is sound under any timing: take any set of started arrivals at a host, and the one
 * that started last in the virtual execution; all of them were counted when it started, and the departures it
 * waits for alone made them fit.)
 *
 * When nothing can start, the moves wait for each other in a circle: one VM steps aside to a *pivot* host, or
 * is suspended where that is permitted, whichever is cheaper; otherwise there is no order.
 */
import { actionIdOf, byText, type PartitionId } from '../ids.ts'
import type { Binding, Move } from '../solve/answer.ts'
import { capacityCode } from '../solve/explain.ts'
import { migrationMs } from '../solve/migration-time.ts'
import { compile, type Model } from '../solve/model.ts'
import type { Problem } from '../solve/problem.ts'
import type { Action, Plan } from './plan.ts'
import { createTimeline, type Timeline } from './timeline.ts'

export interface PlanOptions {
  /** Circles may be broken by suspending a VM to storage and resuming it elsewhere: it pauses meanwhile. */
  readonly suspend?: boolean
}

export type Planned =
  | { readonly kind: 'plan'; readonly plan: Plan }
  | { readonly kind: 'no_order'; readonly why: Binding }

/** How long a boot is taken to last; the problem does not say. */
const bootMs = 1000

interface Step {
  readonly kind: Action['kind']
  readonly vm: number
  /** Host indexes, −1 = none. */
  readonly from: number
  readonly to: number
  readonly soloMs: number
  readonly after: number[]
  /** A later step of the same VM waits for this one; −1 = none. */
  readonly previous: number
}

export const planOrder = (
  problem: Problem,
  moves: readonly Move[],
  partition: PartitionId,
  options: PlanOptions = {},
): Planned => {
  const model = compile(problem)
  const steps: Step[] = []
  const pending: number[] = []
  const vmIndex = new Map(model.vms.map((vm, v) => [vm.id, v]))
  const hostIndex = new Map(model.hosts.map((host, h) => [host.id, h]))
  for (const move of [...moves].sort((a, b) => byText(a.vm, b.vm))) {
    const v = vmIndex.get(move.vm)
    const to = move.to === null ? -1 : hostIndex.get(move.to)
    if (v === undefined || to === undefined)
      return {
        kind: 'no_order',
        why: { code: 'plan.malformed', text: `${move.vm} → ${move.to}: not in the problem` },
      }
    const step = stepFor(model, v, to)
    if (step === null)
      return {
        kind: 'no_order',
        why: {
          code: 'plan.unsupported',
          text: `${move.vm}: no action turns ${model.vms[v]!.state} into what is wanted`,
        },
      }
    pending.push(steps.length)
    steps.push(step)
  }
  const course = createCourse(model, steps)
  prioritise(model, steps, pending)
  let detours = 0
  while (pending.length > 0 || course.timeline.inFlight() > 0) {
    let started = false
    for (let i = 0; i < pending.length; ) {
      if (course.obstacle(pending[i]!) === null) {
        course.start(pending[i]!)
        pending.splice(i, 1)
        started = true
      } else i++
    }
    if (course.timeline.inFlight() > 0) course.finish(course.timeline.next())
    else if (!started) {
      // A VM steps aside at most twice on average: enough for every circle, and an end for hopeless cases.
      const detour = detours++ > 2 * moves.length ? null : bestDetour(model, steps, pending, course, options)
      if (detour === null) return { kind: 'no_order', why: deadlock(model, steps, pending, course) }
      applyDetour(steps, pending, detour)
    }
  }
  return {
    kind: 'plan',
    plan: { actions: actionsOf(model, steps, partition), makespanMs: course.timeline.nowMs() },
  }
}

const stepFor = (model: Model, v: number, to: number): Step | null => {
  const vm = model.vms[v]!
  const home = model.home[v]!
  const base = { vm: v, to, after: [], previous: -1 }
  if (vm.state === 'running') {
    if (to < 0)
      return vm.wanted === 'sleeping'
        ? { ...base, kind: 'suspend', from: home, soloMs: storageMs(model, v) }
        : null
    return home < 0 || home === to ? null : { ...base, kind: 'migrate', from: home, soloMs: model.moveMs[v]! }
  }
  if (to < 0) return null
  return vm.state === 'sleeping'
    ? { ...base, kind: 'resume', from: -1, soloMs: storageMs(model, v) }
    : { ...base, kind: 'start', from: -1, soloMs: bootMs }
}

const storageMs = (model: Model, v: number): number =>
  migrationMs(model.vms[v]!.memoryMiB, 0, model.problem.bandwidthMiBps)

/** Steps on the busiest links first, long before short: list scheduling for the makespan. */
const prioritise = (model: Model, steps: readonly Step[], pending: number[]): void => {
  const out = new Float64Array(model.hostCount)
  const into = new Float64Array(model.hostCount)
  for (const i of pending) {
    if (steps[i]!.from >= 0) out[steps[i]!.from]! += steps[i]!.soloMs
    if (steps[i]!.to >= 0) into[steps[i]!.to]! += steps[i]!.soloMs
  }
  const busy = (i: number) =>
    Math.max(steps[i]!.from < 0 ? 0 : out[steps[i]!.from]!, steps[i]!.to < 0 ? 0 : into[steps[i]!.to]!)
  pending.sort((a, b) => busy(b) - busy(a) || steps[b]!.soloMs - steps[a]!.soloMs || a - b)
}

interface Obstacle {
  readonly code: string
  readonly text: string
}

interface Course {
  readonly timeline: Timeline
  /** Why the step cannot start now, or null. */
  readonly obstacle: (step: number) => Obstacle | null
  /** May the VM go to that host now, with `spare` (a VM) thought away? */
  readonly roomFor: (v: number, h: number, spare: number) => Obstacle | null
  readonly start: (step: number) => void
  readonly finish: (steps: readonly number[]) => void
}

const createCourse = (model: Model, steps: readonly Step[]): Course => {
  const { dims, demand, hostCount, vmCount, limit } = model
  const { migrationsOutMax, migrationsInMax } = model.problem
  const timeline = createTimeline(hostCount)
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
    for (let d = 0; d < dims; d++) load[h * dims + d]! += vm.demand[d] ?? 0
  }
  const cap = Float64Array.from(limit, (amount, i) => Math.max(amount, load[i]!))
  /** Everything that was ever there: initial load plus all arrivals so far. */
  const everArrived = Float64Array.from(load)
  const departed: number[][] = Array.from({ length: hostCount }, () => [])
  const departedOf: number[][] = Array.from({ length: vmCount }, () => [])
  const slots = { out: new Map<number, number[]>(), into: new Map<number, number[]>() }
  const done = new Set<number>()
  const probe = new Int32Array(vmCount).fill(-1)
  const amountOf = (v: number, d: number) => model.vms[v]!.demand[d] ?? 0
  const continuous = (rule: number) => model.problem.rules[rule]!.continuous !== false

  const roomFor = (v: number, h: number, spare: number): Obstacle | null => {
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
    for (const part of model.partsOf[v]!) {
      if (part.weight >= 0 || !continuous(part.rule)) continue
      const hold = spare < 0 ? -1 : leaving[spare]!
      const holdGoing = spare < 0 ? -1 : going[spare]!
      if (spare >= 0) leaving[spare] = going[spare] = -1
      const clash = part.clashes(leaving, v, h) || part.clashes(going, v, h)
      if (spare >= 0) {
        leaving[spare] = hold
        going[spare] = holdGoing
      }
      if (clash)
        return {
          code: 'rule.anti_affinity',
          text: `${model.vms[v]!.id} may not join who is on ${model.hosts[h]!.id}`,
        }
    }
    return null
  }

  const obstacle = (i: number): Obstacle | null => {
    const step = steps[i]!
    if (step.previous >= 0 && !done.has(step.previous))
      return { code: 'plan.waits', text: 'its first half runs' }
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

  /** Departures of VMs that could not have been there together with this one. */
  const waitForRules = (step: Step): void => {
    for (const part of model.partsOf[step.vm]!) {
      if (part.weight >= 0 || !continuous(part.rule)) continue
      for (const other of part.scope)
        for (const departure of departedOf[other]!) {
          probe[other] = steps[departure]!.from
          if (other !== step.vm && part.clashes(probe, step.vm, step.to)) step.after.push(departure)
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
    obstacle,
    roomFor,
    start: (i) => {
      const step = steps[i]!
      if (step.previous >= 0) step.after.push(step.previous)
      if (step.to >= 0) {
        going[step.vm] = step.to
        for (let d = 0; d < dims; d++) {
          load[step.to * dims + d]! += amountOf(step.vm, d)
          everArrived[step.to * dims + d]! += amountOf(step.vm, d)
        }
        waitForRoom(step)
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
        departedOf[step.vm]!.push(i)
      }
    },
  }
}

interface Detour {
  readonly blocked: number
  /** Host to step aside to; −1 = suspend. */
  readonly pivot: number
  readonly extraMs: number
}

/**
 * The cheapest way to set one blocked VM aside. Only VMs whose leaving lets another blocked step start count,
 * unless there are none: then any that is able to leave, as part of a longer way out.
 */
const bestDetour = (
  model: Model,
  steps: readonly Step[],
  pending: readonly number[],
  course: Course,
  options: PlanOptions,
): Detour | null => {
  let best: Detour | null = null
  let bestHelps = false
  for (const i of [...pending].sort((a, b) => a - b)) {
    const step = steps[i]!
    if (step.kind !== 'migrate') continue
    // A VM that already stands aside gains nothing by standing elsewhere; nor does one whose second half waits.
    if (step.previous >= 0 || steps.some((other) => other.previous === i)) continue
    const helps = pending.some(
      (j) =>
        j !== i && steps[j]!.to === step.from && course.roomFor(steps[j]!.vm, step.from, step.vm) === null,
    )
    const offer = (detour: Detour): void => {
      if (best !== null && bestHelps && !helps) return
      if (best !== null && bestHelps === helps && best.extraMs <= detour.extraMs) return
      best = detour
      bestHelps = helps
    }
    for (let h = 0; h < model.hostCount; h++) {
      if (h === step.from || h === step.to || model.domain[step.vm]![h] === 0) continue
      if (course.roomFor(step.vm, h, -1) === null) offer({ blocked: i, pivot: h, extraMs: step.soloMs })
    }
    if (options.suspend === true)
      offer({ blocked: i, pivot: -1, extraMs: Math.max(0, 2 * storageMs(model, step.vm) - step.soloMs) })
  }
  return best
}

/** The blocked step becomes the first half; the second half is a new step that waits for it. */
const applyDetour = (steps: Step[], pending: number[], { blocked, pivot }: Detour): void => {
  const step = steps[blocked]!
  const kinds = pivot < 0 ? (['suspend', 'resume'] as const) : (['migrate', 'migrate'] as const)
  pending.splice(pending.indexOf(blocked), 1)
  pending.unshift(blocked)
  pending.push(steps.length)
  steps.push({ ...step, kind: kinds[1], from: pivot, after: [], previous: blocked })
  steps[blocked] = { ...step, kind: kinds[0], to: pivot, after: [] }
}

const deadlock = (
  model: Model,
  steps: readonly Step[],
  pending: readonly number[],
  course: Course,
): Binding => {
  const blocked = [...pending].sort((a, b) => a - b)
  const first = blocked
    .map((i) => course.obstacle(i))
    .find((one) => one !== null && one.code !== 'plan.waits')
  const names = blocked
    .slice(0, 5)
    .map(
      (i) =>
        `${model.vms[steps[i]!.vm]!.id} → ${steps[i]!.to < 0 ? 'storage' : model.hosts[steps[i]!.to]!.id}`,
    )
  const more = blocked.length > 5 ? ` and ${blocked.length - 5} more` : ''
  return {
    code: first?.code ?? 'capacity.mem',
    text: `no order: ${names.join(', ')}${more} wait for each other and no host can hold one meanwhile; ${first?.text ?? ''}`,
  }
}

const actionsOf = (model: Model, steps: readonly Step[], partition: PartitionId): Action[] => {
  return steps.map((step, index): Action => {
    const common = {
      id: actionIdOf(partition, index),
      vm: model.vms[step.vm]!.id,
      after: [...new Set(step.after)].sort((a, b) => a - b).map((j) => actionIdOf(partition, j)),
    }
    const from = step.from < 0 ? null : model.hosts[step.from]!.id
    const to = step.to < 0 ? null : model.hosts[step.to]!.id
    switch (step.kind) {
      case 'migrate':
        return { ...common, kind: 'migrate', from: from!, to: to! }
      case 'suspend':
        return { ...common, kind: 'suspend', from: from! }
      case 'resume':
        return { ...common, kind: 'resume', to: to! }
      case 'start':
        return { ...common, kind: 'start', to: to! }
      default:
        return step.kind satisfies never
    }
  })
}
