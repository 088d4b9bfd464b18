/**
 * The thorough way out when moves wait for each other in a circle: best-first search (weighted A*, Pohl 1970) over which
 * VM goes next, one at a time. Any VM that may migrate may step aside, also one that stays where it is in the end. First only
 * those in the way of somebody; when that leads nowhere, all of them. Bounded; a search that ends before its bound has
 * proven that there is no order.
 */
import { assert } from '../assert.ts'
import type { Model } from '../solve/model.ts'
import { mobilityOf } from './mobility.ts'
import type { Standing } from './standing.ts'

export interface Hop {
  readonly vm: number
  /** Host indexes, −1 = nowhere. */
  readonly from: number
  readonly to: number
}

export type Passage =
  | { readonly kind: 'found'; readonly hops: readonly Hop[] }
  | { readonly kind: 'none'; readonly proven: boolean }

export interface PassageOptions {
  /** VMs may be suspended on the way. */
  readonly suspend: boolean
  /** How often it may be asked whether a VM may go to a host. */
  readonly looksMax: number
}

/** A VM that is not where it will be weighs as much as so many hops. */
const weight = 3
/** Only so many hosts to step aside to are tried per VM when only those in the way are looked at. */
const pivotsMax = 16
/** A data centre has room somewhere: there it is not worth trying everybody. */
const hostsOfAll = 64

/**
 * From where everybody stands to `targets` (host index per VM, −1 = nowhere). `standing` is left as it was; with moves made
 * before, `none` says nothing about the way from the beginning.
 */
export const findPassage = (
  model: Model,
  standing: Standing,
  targets: Int32Array,
  options: PassageOptions,
): Passage => {
  if (model.hostCount <= hostsOfAll && unreachable(model, standing, targets, options.suspend))
    return { kind: 'none', proven: true }
  const some = search(model, standing, targets, options, false)
  if (some.kind === 'found' || model.hostCount > hostsOfAll) return some
  return search(model, standing, targets, options, true)
}

const search = (
  model: Model,
  standing: Standing,
  targets: Int32Array,
  { suspend, looksMax }: PassageOptions,
  everybody: boolean,
): Passage => {
  const { hostCount, vmCount, domain, moveMs } = model
  const { at, mayGo, go, undo } = standing
  const root = standing.depth()
  const needs = new Uint8Array(vmCount)
  let misplaced = 0
  for (let v = 0; v < vmCount; v++)
    if (at[v] !== targets[v]) {
      needs[v] = 1
      misplaced++
    }
  const able = detourable(model, targets)
  /** The cheapest last, and so tried first. */
  const order = Int32Array.from({ length: vmCount }, (_, v) => v)
    .filter((v) => able[v] === 1 || needs[v] === 1)
    .sort((a, b) => moveMs[b]! - moveMs[a]! || b - a)
  // Visits: how each came about from its parent.
  const parent: number[] = [-1]
  const vm: number[] = [-1]
  const to: number[] = [-1]
  const hops: number[] = [0]
  const open: number[][] = []
  const seen = new Set<number>([standing.key()])
  let lowest = 0
  let looks = 0
  let cut = false

  /** Where the standing is now, as a chain of visits below the root. */
  const chain: number[] = []
  const travel = (visit: number): void => {
    const wanted: number[] = []
    for (let n = visit; n > 0; n = parent[n]!) wanted.push(n)
    wanted.reverse()
    let common = 0
    while (common < chain.length && chain[common] === wanted[common]) common++
    while (chain.length > common) step(chain.pop()!, false)
    for (let i = common; i < wanted.length; i++) {
      step(wanted[i]!, true)
      chain.push(wanted[i]!)
    }
  }
  const step = (visit: number, forth: boolean): void => {
    const v = vm[visit]!
    if (at[v] !== targets[v]) misplaced--
    if (forth) go(v, to[visit]!)
    else undo()
    if (at[v] !== targets[v]) misplaced++
  }
  const enqueue = (visit: number, v: number, h: number): boolean => {
    looks++
    if (!mayGo(v, h)) return false
    go(v, h)
    const key = standing.key()
    undo()
    if (seen.has(key)) return true
    seen.add(key)
    parent.push(visit)
    vm.push(v)
    to.push(h)
    hops.push(hops[visit]! + 1)
    const left = misplaced + (at[v] === targets[v] ? 1 : h === targets[v] ? -1 : 0)
    const rank = hops[visit]! + 1 + weight * left
    while (open.length <= rank) open.push([])
    open[rank]!.push(parent.length - 1)
    if (rank < lowest) lowest = rank
    return true
  }
  const hot = new Uint8Array(hostCount)
  const expand = (visit: number): void => {
    hot.fill(0)
    // Only what is in nobody's way may stay; what can go to its place is looked at last, and tried first.
    for (const v of order)
      if (at[v] !== targets[v] && targets[v]! >= 0 && !mayGo(v, targets[v]!)) hot[targets[v]!] = 1
    looks += misplaced
    for (const v of order) {
      const here = at[v]!
      if (able[v] === 0 || (!everybody && (here < 0 || hot[here] === 0))) continue
      let pivots = 0
      for (let h = 0; h < hostCount && (everybody || pivots < pivotsMax); h++)
        if (h !== here && h !== targets[v] && domain[v]![h] === 1 && enqueue(visit, v, h)) pivots++
      if (suspend && here >= 0 && (everybody || needs[v] === 1)) enqueue(visit, v, -1)
    }
    for (const v of order) if (at[v] !== targets[v]) enqueue(visit, v, targets[v]!)
  }

  let found = misplaced === 0 ? 0 : -1
  if (found < 0) {
    open.push([0])
    while (found < 0) {
      while (lowest < open.length && open[lowest]!.length === 0) lowest++
      if (lowest >= open.length) break
      if (looks > looksMax) {
        cut = true
        break
      }
      const visit = open[lowest]!.pop()!
      travel(visit)
      if (misplaced === 0) found = visit
      else expand(visit)
    }
  }
  const way: Hop[] = []
  if (found > 0) {
    travel(found)
    while (chain.length > 0) {
      const v = vm[chain.at(-1)!]!
      const there = at[v]!
      step(chain.pop()!, false)
      way.push({ vm: v, from: at[v]!, to: there })
    }
    way.reverse()
  }
  while (chain.length > 0) step(chain.pop()!, false)
  assert(standing.depth() === root, 'the standing is left as it was')
  return found >= 0 ? { kind: 'found', hops: way } : { kind: 'none', proven: everybody && !cut }
}

/** Somebody can never leave, or the room where it goes to can never suffice. */
const unreachable = (model: Model, standing: Standing, targets: Int32Array, suspend: boolean): boolean => {
  const able = detourable(model, targets)
  for (let v = 0; v < model.vmCount; v++)
    if (able[v] === 1 ? suspend : targets[v]! < 0 && standing.at[v]! >= 0) able[v] = 2
  const { mobile, fits } = mobilityOf(model, able, standing)
  for (let v = 0; v < model.vmCount; v++) {
    const here = standing.at[v]!
    const there = targets[v]!
    if (here === there) continue
    if ((here >= 0 && mobile[v] === 0) || (there >= 0 && !fits(v, there))) return true
  }
  return false
}

/** VMs that may step aside and come back, or go on. */
const detourable = (model: Model, targets: Int32Array): Uint8Array =>
  Uint8Array.from(model.vms, (one, v) =>
    one.state === 'running' &&
    one.movable &&
    model.active[v] === 1 &&
    model.fixed[v] === 0 &&
    targets[v]! >= 0 &&
    model.domain[v]![targets[v]!] === 1
      ? 1
      : 0,
  )
