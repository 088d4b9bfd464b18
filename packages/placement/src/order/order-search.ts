/**
 * The thorough search when moves wait for each other in a circle: best-first search (weighted A*, Pohl 1970) over which
 * VM goes next. Any VM that may migrate may step aside, also one that stays where it is in the end. The first search
 * considers only VMs on hosts that others wait for; the second, all of them. Bounded; a search that ends before its bound
 * has proven that there is no order.
 */
import type { Model } from '../model/model.ts'
import { createFrontier, type Relocation } from './frontier.ts'
import { mobilityOf } from './mobility.ts'
import type { OrderState } from './order-state.ts'

export type OrderSearchResult =
  | { readonly kind: 'found'; readonly relocations: readonly Relocation[] }
  | { readonly kind: 'none'; readonly proven: boolean }

export interface OrderSearchOptions {
  /** VMs may be suspended on the way. */
  readonly suspend: boolean
  /** How often it may be asked whether a VM may go to a host. */
  readonly looksMax: number
}

/** A VM that is not where it will be weighs as much as so many relocations. */
const weight = 3
/** Only so many hosts to step aside to are tried per VM when only those in the way are looked at. */
const pivotsMax = 16
/** A data centre has room somewhere: there it is not worth trying all VMs. */
const hostsOfAll = 64

/**
 * From where all VMs are to `targets` (host index per VM, −1 = nowhere). `state` is left as it was; with moves made
 * before, `none` says nothing about the way from the beginning.
 */
export const searchOrder = (
  model: Model,
  state: OrderState,
  targets: Int32Array,
  options: OrderSearchOptions,
): OrderSearchResult => {
  const quick = { ...options, looksMax: Math.ceil(options.looksMax / 4) }
  const some = search(model, state, targets, quick, false)
  if (some.kind === 'found' || model.hostCount > hostsOfAll) return some
  return search(model, state, targets, options, true)
}

const search = (
  model: Model,
  state: OrderState,
  targets: Int32Array,
  { suspend, looksMax }: OrderSearchOptions,
  all: boolean,
): OrderSearchResult => {
  const { hostCount, vmCount, domain, moveMs } = model
  const { at, canMove } = state
  const needs = Uint8Array.from(targets, (h, v) => (at[v] === h ? 0 : 1))
  let misplaced = needs.reduce((sum, one) => sum + one, 0)
  const able = mayBypass(model, targets)
  /** The cheapest last, and so tried first. */
  const order = Int32Array.from({ length: vmCount }, (_, v) => v)
    .filter((v) => able[v] === 1 || needs[v] === 1)
    .sort((a, b) => moveMs[b]! - moveMs[a]! || b - a)
  const frontier = createFrontier({
    state,
    looksMax,
    rank: (relocations) => relocations + weight * misplaced,
    relocated: (v, from, to) => {
      if (from === targets[v]) misplaced++
      else if (to === targets[v]) misplaced--
    },
  })
  const isBlocking = new Uint8Array(hostCount)
  const expand = (): void => {
    isBlocking.fill(0)
    for (const v of order)
      if (at[v] !== targets[v] && targets[v]! >= 0 && !canMove(v, targets[v]!)) isBlocking[targets[v]!] = 1
    for (const v of order) {
      const here = at[v]!
      if (able[v] === 0 || (!all && (here < 0 || isBlocking[here] === 0))) continue
      let pivots = 0
      for (let h = 0; h < hostCount && (all || pivots < pivotsMax); h++)
        if (h !== here && h !== targets[v] && domain[v]![h] === 1 && frontier.open(v, h)) pivots++
      if (suspend && here >= 0 && (all || needs[v] === 1)) frontier.open(v, -1)
    }
    for (const v of order) if (at[v] !== targets[v]) frontier.open(v, targets[v]!)
  }
  while (frontier.next())
    if (misplaced > 0) expand()
    else {
      const relocations = frontier.path()
      frontier.returnToRoot()
      return { kind: 'found', relocations }
    }
  frontier.returnToRoot()
  return { kind: 'none', proven: all && !frontier.wasCut() }
}

/** Some VM can never leave, or the room where it goes can never suffice: known without a search. */
export const provenNoOrder = (
  model: Model,
  state: OrderState,
  targets: Int32Array,
  suspend: boolean,
): boolean => {
  if (model.hostCount > hostsOfAll) return false
  const able = mayBypass(model, targets)
  for (let v = 0; v < model.vmCount; v++)
    if (able[v] === 1 ? suspend : targets[v]! < 0 && state.at[v]! >= 0) able[v] = 2
  const { mobile, fits } = mobilityOf(model, able, state)
  for (let v = 0; v < model.vmCount; v++) {
    const here = state.at[v]!
    const there = targets[v]!
    if (here === there) continue
    if ((here >= 0 && mobile[v] === 0) || (there >= 0 && !fits(v, there))) return true
  }
  return false
}

/** VMs that may step aside and come back, or go on. */
const mayBypass = (model: Model, targets: Int32Array): Uint8Array =>
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
