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
import { migrationMs } from '../solve/migration-time.ts'
import { compile, type Model } from '../solve/model.ts'
import type { PlacementProblem } from '../solve/problem.ts'
import { listed, ruleName } from '../solve/why/names.ts'
import { type Course, createCourse, type Step } from './course.ts'
import { blockedMoves, deadlock } from './deadlock.ts'
import type { Action, Plan } from './plan.ts'
import { circularOrder } from './pools.ts'
import { findSequence } from './sequence.ts'

export interface PlanOptions {
  /** Circles may be broken by suspending a VM to storage and resuming it elsewhere: it pauses meanwhile. */
  readonly suspend?: boolean
}

export type Planned =
  | { readonly kind: 'plan'; readonly plan: Plan }
  /** `blocked`: the VMs that wait for each other, and where they were to go. */
  | { readonly kind: 'no_order'; readonly why: Binding; readonly blocked: readonly Move[] }

/** How long a boot and a shutdown are taken to last; the problem does not say. */
const bootMs = 1000
const stopMs = 1000

export const planOrder = (
  problem: PlacementProblem,
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
        blocked: [],
      }
    const step = stepFor(model, v, to)
    if (step === null)
      return {
        kind: 'no_order',
        why: {
          code: 'plan.unsupported',
          text: `${move.vm}: no action turns ${model.vms[v]!.state} into what is wanted`,
        },
        blocked: [],
      }
    pending.push(steps.length)
    steps.push(step)
  }
  const circle = circularOrder(model, new Set(moves.map((move) => move.vm)))
  if (circle.length > 0)
    return {
      kind: 'no_order',
      why: {
        code: 'rule.order',
        text: `no order: ${listed(circle.map(ruleName), 'and')} put these moves in a circle; drop one of them`,
      },
      blocked: blockedMoves(model, steps, pending),
    }
  const course = createCourse(model, steps)
  prioritise(model, steps, pending)
  let detours = 0
  let stuck: { readonly why: Binding; readonly blocked: readonly Move[] } | null = null
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
      stuck ??= {
        why: deadlock(model, steps, pending, course),
        blocked: blockedMoves(model, steps, pending),
      }
      // A VM steps aside at most twice on average: enough for every circle, and an end for hopeless cases.
      const detour = detours++ > 2 * moves.length ? null : bestDetour(model, steps, pending, course, options)
      if (detour === null)
        return inSequence(model, steps, partition) ?? withoutWayOut(problem, moves, partition, options, stuck)
      applyDetour(steps, pending, detour)
    }
  }
  return {
    kind: 'plan',
    plan: { actions: actionsOf(model, steps, partition), makespanMs: course.timeline.nowMs() },
  }
}

/** Only so few VMs are worth trying in every order. */
const moversOfSequence = 12

/** Every order of stepping aside, one VM at a time; what it finds is replayed, so that it waits for what it must. */
const inSequence = (model: Model, stuck: readonly Step[], partition: PartitionId): Planned | null => {
  const targets = new Map<number, number>()
  for (const step of stuck) {
    if (step.kind !== 'migrate') return null
    // The last step of a VM leads to its destination.
    targets.set(step.vm, step.to)
  }
  if (targets.size > moversOfSequence) return null
  const hops = findSequence(model, targets)
  if (hops === null) return null
  const steps: Step[] = []
  const last = new Map<number, number>()
  for (const { vm, from, to } of hops) {
    const previous = last.get(vm) ?? -1
    last.set(vm, steps.length)
    steps.push({ kind: 'migrate', vm, from, to, soloMs: model.moveMs[vm]!, after: [], previous })
  }
  const course = createCourse(model, steps)
  for (let next = 0; next < steps.length; ) {
    if (course.obstacle(next) === null) course.start(next++)
    else if (course.timeline.inFlight() > 0) course.finish(course.timeline.next())
    else return null
  }
  while (course.timeline.inFlight() > 0) course.finish(course.timeline.next())
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
    if (to < 0 && home < 0) return null
    if (to < 0 && vm.wanted === 'ready') return { ...base, kind: 'stop', from: home, soloMs: stopMs }
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
  const halves = new Set(steps.map((step) => step.previous))
  const waitingFor = new Map<number, number[]>()
  for (const i of pending) waitingFor.set(steps[i]!.to, [...(waitingFor.get(steps[i]!.to) ?? []), i])
  // A VM that already stands aside gains nothing by standing elsewhere; nor does one whose second half waits.
  const able = [...pending]
    .sort((a, b) => a - b)
    .filter((i) => steps[i]!.kind === 'migrate' && steps[i]!.previous < 0 && !halves.has(i))
  const helps = (i: number): boolean =>
    (waitingFor.get(steps[i]!.from) ?? []).some(
      (j) => j !== i && course.roomFor(steps[j]!.vm, steps[i]!.from, steps[i]!.vm) === null,
    )
  const cheapest = (candidates: readonly number[]): Detour | null => {
    let best: Detour | null = null
    for (const i of candidates) {
      const step = steps[i]!
      if (best === null || step.soloMs < best.extraMs)
        for (let h = 0; h < model.hostCount; h++) {
          if (h === step.from || h === step.to || model.domain[step.vm]![h] === 0) continue
          if (course.roomFor(step.vm, h, -1) !== null) continue
          best = { blocked: i, pivot: h, extraMs: step.soloMs }
          break
        }
      const suspended = Math.max(0, 2 * storageMs(model, step.vm) - step.soloMs)
      if (options.suspend === true && (best === null || suspended < best.extraMs))
        best = { blocked: i, pivot: -1, extraMs: suspended }
    }
    return best
  }
  const helping = able.filter(helps)
  const direct = cheapest(helping)
  // In a data centre there is somebody whose leaving helps, or the circles are hopeless.
  if (direct !== null || model.hostCount > hostsOfLongWays) return direct
  return cheapest(able.filter((i) => !helping.includes(i)))
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

/** Up to this many hosts, VMs that make room for nobody directly are tried as well. */
const hostsOfLongWays = 64
/** With more, it is not worth planning once more only to tell whether suspending would help. */
const movesOfAdvice = 64

/** Why stepping aside does not help either, and whether suspending would. */
const withoutWayOut = (
  problem: PlacementProblem,
  moves: readonly Move[],
  partition: PartitionId,
  options: PlanOptions,
  stuck: { readonly why: Binding; readonly blocked: readonly Move[] },
): Planned => {
  const noPivot = 'no host can take one of the VMs meanwhile'
  const end =
    options.suspend === true
      ? `${noPivot}, and suspending does not help either`
      : moves.length > movesOfAdvice
        ? noPivot
        : planOrder(problem, moves, partition, { ...options, suspend: true }).kind === 'plan'
          ? `${noPivot}; there is an order if a VM may be suspended`
          : `${noPivot}; suspending one would not help either`
  return {
    kind: 'no_order',
    why: { ...stuck.why, text: `${stuck.why.text}; ${end}` },
    blocked: stuck.blocked,
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
      case 'stop':
        return { ...common, kind: 'stop', from: from! }
      default:
        return step.kind satisfies never
    }
  })
}
