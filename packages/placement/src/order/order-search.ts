/**
 * The thorough way out when moves wait for each other in a circle: best-first search (weighted A*, Pohl 1970) over which
 * VM goes next. Any VM that may migrate may step aside, also one that stays where it is in the end. First only
 * those in the way of somebody; when that leads nowhere, all of them. Bounded; a search that ends before its bound has
 * proven that there is no order.
 */
import type { Model } from '../model/model.ts'
import { createFrontier, type Hop } from './frontier.ts'
import { mobilityOf } from './mobility.ts'
import type { Standing } from './order-state.ts'

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
  const quick = { ...options, looksMax: Math.ceil(options.looksMax / 4) }
  const some = search(model, standing, targets, quick, false)
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
  const { at, mayGo } = standing
  const needs = Uint8Array.from(targets, (h, v) => (at[v] === h ? 0 : 1))
  let misplaced = needs.reduce((sum, one) => sum + one, 0)
  const able = detourable(model, targets)
  /** The cheapest last, and so tried first. */
  const order = Int32Array.from({ length: vmCount }, (_, v) => v)
    .filter((v) => able[v] === 1 || needs[v] === 1)
    .sort((a, b) => moveMs[b]! - moveMs[a]! || b - a)
  const frontier = createFrontier({
    standing,
    looksMax,
    rank: (hops) => hops + weight * misplaced,
    shifted: (v, from, to) => {
      if (from === targets[v]) misplaced++
      else if (to === targets[v]) misplaced--
    },
  })
  const inTheWay = new Uint8Array(hostCount)
  const expand = (): void => {
    inTheWay.fill(0)
    for (const v of order)
      if (at[v] !== targets[v] && targets[v]! >= 0 && !mayGo(v, targets[v]!)) inTheWay[targets[v]!] = 1
    for (const v of order) {
      const here = at[v]!
      if (able[v] === 0 || (!everybody && (here < 0 || inTheWay[here] === 0))) continue
      let pivots = 0
      for (let h = 0; h < hostCount && (everybody || pivots < pivotsMax); h++)
        if (h !== here && h !== targets[v] && domain[v]![h] === 1 && frontier.open(v, h)) pivots++
      if (suspend && here >= 0 && (everybody || needs[v] === 1)) frontier.open(v, -1)
    }
    for (const v of order) if (at[v] !== targets[v]) frontier.open(v, targets[v]!)
  }
  while (frontier.next())
    if (misplaced > 0) expand()
    else {
      const hops = frontier.way()
      frontier.leave()
      return { kind: 'found', hops }
    }
  frontier.leave()
  return { kind: 'none', proven: everybody && !frontier.cut() }
}

/** Somebody can never leave, or the room where it goes to can never suffice: known without a search. */
export const unreachable = (
  model: Model,
  standing: Standing,
  targets: Int32Array,
  suspend: boolean,
): boolean => {
  if (model.hostCount > hostsOfAll) return false
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
