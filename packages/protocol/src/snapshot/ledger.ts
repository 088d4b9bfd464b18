/**
 * The commitments ledger: what this host has promised to take in. A promise counts from before the answer that gives
 * it until the VM runs here or is positively known not to come; an outgoing migration is credited only once it is gone (S9).
 */

import {
  add,
  amountText,
  assert,
  capacityCode,
  dimensions,
  firstExcess,
  type Labelled,
  type Resources,
  subtract,
  sum,
} from '@drover/placement'
import type { ActionId, VmId } from '../data/ids.ts'
import type { ReasonCode } from '../data/reasons.ts'
import { demandOf, type HostState, usableHere } from './host.ts'

/** A VM that is to come to this host. */
export interface Expected extends Labelled {
  /** Null: no action of drover brings it; an operator does. */
  readonly action: ActionId | null
  readonly vm: VmId
  readonly demand: Resources
}

/** One that this host has promised to take in. */
export interface Promised extends Expected {
  readonly action: ActionId
}

export const promisedIn = (expected: Iterable<Expected>): Resources =>
  sum([...expected].map((one) => one.demand))

/** What is free for one more promise, per dimension. */
export const roomOf = (host: HostState, expected: Iterable<Expected>): Resources =>
  subtract(usableHere(host), add(demandOf(host), promisedIn(expected)))

/**
 * What holds when this host has just promised room for `action`: the VM is promised once and not here, and what is used and
 * promised together is usable (S9). Later it may be more: demand is not asked.
 */
export const checkPromised = (host: HostState, promises: readonly Expected[], action: ActionId): void => {
  const newest = promises.filter((promise) => promise.action === action)
  const [promise] = newest
  assert(
    promise !== undefined && newest.length === 1,
    () => `${action} is promised once, not ${newest.length} times`,
  )
  const { vm, demand } = promise
  assert(promises.filter((one) => one.vm === vm).length === 1, () => `${vm} is promised once`)
  assert(!host.vms.has(vm), () => `${vm} is promised to come, and not here yet`)
  const [used, promised, usable] = [demandOf(host), promisedIn(promises), usableHere(host)]
  for (const d of dimensions)
    assert(
      demand[d] === 0 || used[d] + promised[d] <= usable[d],
      () => `${used[d]} ${d} used and ${promised[d]} promised, ${vm} included, are no more than ${usable[d]}`,
    )
}

/** Null when `demand` fits beside what is used and promised; else the code and the numbers that say why not. */
export const refusal = (
  host: HostState,
  expected: Iterable<Expected>,
  demand: Resources,
): { readonly code: ReasonCode; readonly text: string } | null => {
  const room = roomOf(host, expected)
  const dimension = firstExcess(demand, room)
  if (dimension === null) return null
  return {
    code: capacityCode(dimension),
    text: `needs ${amountText(dimension, demand[dimension])}, ${amountText(dimension, room[dimension])} left`,
  }
}
