/**
 * The open list of a best-first search over states, one relocation at a time. Each state is visited once; the open one of
 * lowest rank comes next, the newest of equal ones. The search is bounded by the number of looks at whether a VM may go
 * to a host.
 */
import type { OrderState } from './order-state.ts'

export interface Relocation {
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
  readonly path: () => readonly Relocation[]
  /** Back to the root. */
  readonly returnToRoot: () => void
  /** True: the bound on looks has ended the search. */
  readonly wasCut: () => boolean
}

export interface FrontierInit {
  readonly state: OrderState
  readonly looksMax: number
  /** Of the current state, so many relocations from the root; a small natural number. */
  readonly rank: (depth: number) => number
  /** A VM is on another host now, for good or for a look. */
  readonly relocated: (v: number, from: number, to: number) => void
}

export const createFrontier = ({ state, looksMax, rank, relocated }: FrontierInit): Frontier => {
  const { at, canMove } = state
  const start = Int32Array.from(at)
  // How each state came about: from which, by which VM going where, after how many relocations.
  const parent: number[] = [-1]
  const vm: number[] = [-1]
  const to: number[] = [-1]
  const depth: number[] = [0]
  const ranks: number[][] = [[0]]
  const seen = new Set<number>([state.key()])
  let lowest = 0
  let looks = 0
  let cut = false
  let here = 0
  const go = (v: number, h: number): void => {
    const from = at[v]!
    state.move(v, h)
    relocated(v, from, h)
  }
  const undo = (v: number): void => {
    const from = at[v]!
    state.undo()
    relocated(v, from, at[v]!)
  }
  const travelTo = (goal: number): void => {
    const ahead: number[] = []
    let other = goal
    while (here !== other)
      if (depth[here]! >= depth[other]!) {
        undo(vm[here]!)
        here = parent[here]!
      } else {
        ahead.push(other)
        other = parent[other]!
      }
    for (const node of ahead.reverse()) go(vm[node]!, to[node]!)
    here = goal
  }
  return {
    open: (v, h) => {
      looks++
      if (!canMove(v, h)) return false
      go(v, h)
      const key = state.key()
      if (!seen.has(key)) {
        seen.add(key)
        const its = rank(depth[here]! + 1)
        while (ranks.length <= its) ranks.push([])
        ranks[its]!.push(parent.length)
        if (its < lowest) lowest = its
        parent.push(here)
        vm.push(v)
        to.push(h)
        depth.push(depth[here]! + 1)
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
      travelTo(ranks[lowest]!.pop()!)
      return true
    },
    path: () => {
      const found: Relocation[] = []
      for (let node = here; node > 0; node = parent[node]!) {
        let last = parent[node]!
        while (last > 0 && vm[last] !== vm[node]) last = parent[last]!
        found.push({ vm: vm[node]!, from: last > 0 ? to[last]! : start[vm[node]!]!, to: to[node]! })
      }
      return found.reverse()
    },
    returnToRoot: () => travelTo(0),
    wasCut: () => cut,
  }
}
