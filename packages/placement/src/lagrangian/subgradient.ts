/** Subgradient ascent: the multipliers of VMs that no host selects rise, of those that several select fall. */
import { costAt, evaluate } from './dual-bound.ts'
import type { RelaxationState } from './relaxation-state.ts'

/** Rounds without a better bound before the steps are halved. */
const patience = 6
/** How often the hosts look for a better surrogate. */
const roundsPerSurrogate = 16

/**
 * Changes `multipliers` until the bound exceeds `target` or the rounds are over; returns the best bound in units
 * and leaves the multipliers that gave it. `allowed[v × hosts + h]`: 1 = may be there. Infinity: some VM has no place.
 */
export const ascend = (
  s: RelaxationState,
  allowed: Uint8Array,
  multipliers: Float64Array,
  target: number,
  rounds: number,
): number => {
  s.multipliers = multipliers
  if (!openDomains(s, allowed)) return Number.POSITIVE_INFINITY
  s.changed.fill(1)
  s.newSurrogate.fill(1)
  s.direction.fill(0)
  let roundsLeft = rounds
  let best = Number.NEGATIVE_INFINITY
  let stale = 0
  let stride = 1
  for (let round = 0; ; round++) {
    if (round % roundsPerSurrogate === 0) {
      s.newSurrogate.fill(1)
      if (s.expired()) roundsLeft = round
    }
    const bound = evaluate(s)
    if (bound === Number.POSITIVE_INFINITY) return bound
    if (bound > best) {
      best = bound
      s.bestMultipliers.set(multipliers)
      stale = 0
    } else if (++stale > patience) {
      stride /= 2
      stale = 0
    }
    if (best > target || round >= roundsLeft) break
    const length = nextDirection(s)
    if (length === 0) break
    const step = (stride * (Math.max(target - bound, s.unit) + s.unit)) / length
    if (!takeStep(s, allowed, step, 4 * (Math.max(0, target) + s.unit))) break
  }
  if (s.total !== best) {
    multipliers.set(s.bestMultipliers)
    s.changed.fill(1)
    evaluate(s)
  }
  return best
}

/** Reads which hosts each VM may be on; false: some VM has none. */
const openDomains = (s: RelaxationState, allowed: Uint8Array): boolean => {
  const { movers, groups, candidates, candidateCount, domainSize, lastHost, losesVm } = s
  const { hostCount, home, starts } = s.model
  candidateCount.fill(0)
  losesVm.fill(0)
  s.selected.fill(0)
  if (!groups.openGroups(allowed)) return false
  for (let m = 0; m < movers.length; m++) {
    const v = movers[m]!
    domainSize[v] = 0
    for (let h = 0; h < hostCount; h++)
      if (allowed[v * hostCount + h] === 1 && groups.isOpen(groups.multiplierOf[v * hostCount + h]!)) {
        domainSize[v]!++
        lastHost[v] = h
        candidates[h * movers.length + candidateCount[h]!++] = v
      } else if (home[v] === h && starts[v] === 0) losesVm[h] = 1
    if (domainSize[v] === 0) return false
    if (s.ruled) s.at[v] = domainSize[v] === 1 ? lastHost[v]! : -1
  }
  return true
}

/** The direction of the next step: the disagreement of the hosts, smoothed over the rounds. Its length squared; 0: they agree. */
const nextDirection = (s: RelaxationState): number => {
  const { movers, domainSize, direction, selectedAt, groups } = s
  const { firstMultiplier } = groups
  let disagreement = 0
  let length = 0
  for (let m = 0; m < movers.length; m++) {
    const v = movers[m]!
    if (domainSize[v] === 1) continue
    for (let i = firstMultiplier[v]!; i < firstMultiplier[v + 1]!; i++) {
      if (!groups.isOpen(i)) continue
      const off = groups.demandedAt(i) - selectedAt[i]!
      disagreement += off * off
      direction[i] = off + direction[i]! / 3
      length += direction[i]! * direction[i]!
    }
  }
  return disagreement === 0 ? 0 : Math.max(length, disagreement)
}

/** Takes the step (Polyak's), within ± `multiplierMax`; false: nothing has changed. */
const takeStep = (s: RelaxationState, allowed: Uint8Array, step: number, multiplierMax: number): boolean => {
  const { movers, multipliers, direction, changed } = s
  const { firstMultiplier, multiplierOf } = s.groups
  const { hostCount, home } = s.model
  let moved = false
  for (let m = 0; m < movers.length; m++) {
    const v = movers[m]!
    for (let i = firstMultiplier[v]!; i < firstMultiplier[v + 1]!; i++) {
      const old = multipliers[i]!
      const fresh = Math.max(-multiplierMax, Math.min(multiplierMax, old + Math.round(step * direction[i]!)))
      if (fresh === old) continue
      moved = true
      multipliers[i] = fresh
      const high = Math.max(old, fresh)
      for (let h = 0; h < hostCount; h++)
        // Staying as it is counts all its VMs, also those that do not pay.
        if (
          multiplierOf[v * hostCount + h] === i &&
          allowed[v * hostCount + h] === 1 &&
          (h === home[v] || high > costAt(s, v, h))
        )
          changed[h] = 1
    }
  }
  return moved
}
