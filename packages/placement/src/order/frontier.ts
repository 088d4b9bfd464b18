/**
 * Best-first search over where everybody may stand, one move at a time: states are seen once, the open one of the lowest
 * rank is next, the newest of equal ones. Bounded in how often it may be asked whether a VM may go to a host.
 */
import type { Standing } from './order-state.ts'

export interface Hop {
  readonly vm: number
  /** Host indexes, −1 = nowhere. */
  readonly from: number
  readonly to: number
}

export interface Frontier {
  /** Opens what follows when the VM goes to that host from here; false: it may not. */
  readonly open: (v: number, h: number) => boolean
  /** Goes on to the best open state, the root first; false: there is none, or the bound is reached. */
  readonly next: () => boolean
  /** From the root to here. */
  readonly way: () => readonly Hop[]
  /** Back to the root. */
  readonly leave: () => void
  /** Whether the bound ended it. */
  readonly cut: () => boolean
}

export interface FrontierInit {
  readonly standing: Standing
  readonly looksMax: number
  /** Of the state that the standing is in, so many hops from the root; a small natural number. */
  readonly rank: (hops: number) => number
  /** A VM has come to stand elsewhere, for good or for a look. */
  readonly shifted: (v: number, from: number, to: number) => void
}

export const createFrontier = ({ standing, looksMax, rank, shifted }: FrontierInit): Frontier => {
  const { at, mayGo } = standing
  const start = Int32Array.from(at)
  // How each state came about: from which, by whom going where, in how many hops.
  const parent: number[] = [-1]
  const vm: number[] = [-1]
  const to: number[] = [-1]
  const hops: number[] = [0]
  const ranks: number[][] = [[0]]
  const seen = new Set<number>([standing.key()])
  let lowest = 0
  let looks = 0
  let cut = false
  let here = 0
  const go = (v: number, h: number): void => {
    const from = at[v]!
    standing.go(v, h)
    shifted(v, from, h)
  }
  const undo = (v: number): void => {
    const from = at[v]!
    standing.undo()
    shifted(v, from, at[v]!)
  }
  const travel = (goal: number): void => {
    const ahead: number[] = []
    let other = goal
    while (here !== other)
      if (hops[here]! >= hops[other]!) {
        undo(vm[here]!)
        here = parent[here]!
      } else {
        ahead.push(other)
        other = parent[other]!
      }
    for (const state of ahead.reverse()) go(vm[state]!, to[state]!)
    here = goal
  }
  return {
    open: (v, h) => {
      looks++
      if (!mayGo(v, h)) return false
      go(v, h)
      const key = standing.key()
      if (!seen.has(key)) {
        seen.add(key)
        const its = rank(hops[here]! + 1)
        while (ranks.length <= its) ranks.push([])
        ranks[its]!.push(parent.length)
        if (its < lowest) lowest = its
        parent.push(here)
        vm.push(v)
        to.push(h)
        hops.push(hops[here]! + 1)
      }
      undo(v)
      return true
    },
    next: () => {
      while (lowest < ranks.length && ranks[lowest]!.length === 0) lowest++
      if (lowest >= ranks.length) return false
      if (looks > looksMax) {
        cut = true
        return false
      }
      travel(ranks[lowest]!.pop()!)
      return true
    },
    way: () => {
      const found: Hop[] = []
      for (let state = here; state > 0; state = parent[state]!) {
        let last = parent[state]!
        while (last > 0 && vm[last] !== vm[state]) last = parent[last]!
        found.push({ vm: vm[state]!, from: last > 0 ? to[last]! : start[vm[state]!]!, to: to[state]! })
      }
      return found.reverse()
    },
    leave: () => travel(0),
    cut: () => cut,
  }
}
