/** The quick way to break a circle: a bypass of the VM that costs least and lets another VM move. */
import type { Model } from '../model/model.ts'
import type { Schedule } from './schedule.ts'
import { type Step, storageMs } from './step.ts'

/** Up to this many hosts, VMs that make room for no other directly are tried, too. */
const hostsOfLongWays = 64
export interface Bypass {
  readonly blocked: number
  /** Host to step aside to; −1 = suspend. */
  readonly pivot: number
  readonly extraMs: number
}

/**
 * The cheapest way to set one blocked VM aside. Only VMs count whose departure lets another blocked step start. If there
 * are none, any VM counts that can leave: it may be the first of several bypasses.
 */
export const bestBypass = (
  model: Model,
  steps: readonly Step[],
  pending: readonly number[],
  schedule: Schedule,
  suspend: boolean,
): Bypass | null => {
  const halves = new Set(steps.map((step) => step.previous))
  const waitingFor = new Map<number, number[]>()
  for (const i of pending) waitingFor.set(steps[i]!.to, [...(waitingFor.get(steps[i]!.to) ?? []), i])
  // A VM on a bypass gains nothing from another one.
  const able = [...pending]
    .sort((a, b) => a - b)
    .filter((i) => steps[i]!.kind === 'migrate' && steps[i]!.previous < 0 && !halves.has(i))
  const helps = (i: number): boolean =>
    (waitingFor.get(steps[i]!.from) ?? []).some(
      (j) => j !== i && schedule.blockerAt(steps[j]!.vm, steps[i]!.from, steps[i]!.vm) === null,
    )
  const cheapest = (candidates: readonly number[]): Bypass | null => {
    let best: Bypass | null = null
    for (const i of candidates) {
      const step = steps[i]!
      if (best === null || step.soloMs < best.extraMs)
        for (let h = 0; h < model.hostCount; h++) {
          if (h === step.from || h === step.to || model.domain[step.vm]![h] === 0) continue
          if (schedule.blockerAt(step.vm, h, -1) !== null) continue
          best = { blocked: i, pivot: h, extraMs: step.soloMs }
          break
        }
      const suspended = Math.max(0, 2 * storageMs(model, step.vm) - step.soloMs)
      if (suspend && (best === null || suspended < best.extraMs))
        best = { blocked: i, pivot: -1, extraMs: suspended }
    }
    return best
  }
  const helping = able.filter(helps)
  const direct = cheapest(helping)
  // In a data centre some VM helps by leaving, or the circles are hopeless.
  if (direct !== null || model.hostCount > hostsOfLongWays) return direct
  return cheapest(able.filter((i) => !helping.includes(i)))
}

/** The blocked step becomes the first half; the second half is a new step that waits for it. */
export const applyBypass = (steps: Step[], pending: number[], { blocked, pivot }: Bypass): void => {
  const step = steps[blocked]!
  const kinds = pivot < 0 ? (['suspend', 'resume'] as const) : (['migrate', 'migrate'] as const)
  pending.splice(pending.indexOf(blocked), 1)
  pending.unshift(blocked)
  pending.push(steps.length)
  steps.push({ ...step, kind: kinds[1], from: pivot, after: [], previous: blocked })
  steps[blocked] = { ...step, kind: kinds[0], to: pivot, after: [] }
}
