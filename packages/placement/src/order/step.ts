/** A move of a VM as the planner handles it, and the action that it becomes. */

import { migrationMs } from '../forecast/migration-time.ts'
import type { Model } from '../model/model.ts'
import { actionIdOf } from '../problem/ids.ts'
import type { Action } from '../problem/plan.ts'

export interface Step {
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

/** How long a boot and a shutdown are taken to last; the problem does not say. */
const bootMs = 1000
const stopMs = 1000

/** From where the VM is now; null: no action does that. */
export const stepFor = (model: Model, v: number, to: number): Step | null => {
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

/** To storage, or back. */
export const storageMs = (model: Model, v: number): number =>
  migrationMs(model.vms[v]!.memoryMiB, 0, model.problem.bandwidthMiBps)

/** One of several steps of a VM, from host to host or (−1) storage. */
export const relocationStep = (model: Model, v: number, from: number, to: number, previous: number): Step => {
  const asked = previous < 0 && (from < 0 || to < 0) ? stepFor(model, v, to) : null
  if (asked !== null) return asked
  const base = { vm: v, from, to, after: [], previous }
  if (from >= 0 && to >= 0) return { ...base, kind: 'migrate', soloMs: model.moveMs[v]! }
  const { wanted } = model.vms[v]!
  if (to < 0 && wanted === 'ready') return { ...base, kind: 'stop', soloMs: stopMs }
  return { ...base, kind: to < 0 ? 'suspend' : 'resume', soloMs: storageMs(model, v) }
}

export const actionsOf = (model: Model, steps: readonly Step[], planId: string): Action[] => {
  return steps.map((step, index): Action => {
    const common = {
      id: actionIdOf(planId, index),
      vm: model.vms[step.vm]!.id,
      after: [...new Set(step.after)].sort((a, b) => a - b).map((j) => actionIdOf(planId, j)),
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
