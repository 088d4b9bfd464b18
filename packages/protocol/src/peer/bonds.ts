/** What keeps the VMs of this host from leaving it: when one is freer than at the last attempt, the next may come to more. */
import type { Instant, VmId } from '../data/ids.ts'
import type { Need } from '../data/need.ts'
import { type HostState, type KnownVm, mustNotGoTo, whyStaysHere } from '../snapshot/host.ts'

/** 0: free. 1: it may not go back where it came from. 2: it stays. */
type Bond = 0 | 1 | 2

/** Of a need of this kind, and of a host in that state. */
export interface Bonds {
  readonly kind: Need['kind']
  readonly overloaded: boolean
  /** Those that are not free. */
  readonly vms: ReadonlyMap<VmId, Bond>
}

const bondOf = (
  host: HostState,
  now: Instant,
  vm: KnownVm,
  { kind, overloaded }: Omit<Bonds, 'vms'>,
): Bond => {
  if (whyStaysHere(host, now, vm, kind, overloaded) !== null) return 2
  return mustNotGoTo(host, now, vm, kind, overloaded) === null ? 0 : 1
}

export const bondsOf = (host: HostState, now: Instant, kind: Need['kind'], overloaded: boolean): Bonds => {
  const vms = new Map<VmId, Bond>()
  for (const [id, vm] of host.vms) {
    const bond = bondOf(host, now, vm, { kind, overloaded })
    if (bond > 0) vms.set(id, bond)
  }
  return { kind, overloaded, vms }
}

/** Is a VM that is here still freer than it was? */
export const isLoosened = (before: Bonds, host: HostState, now: Instant): boolean => {
  for (const [id, bond] of before.vms) {
    const vm = host.vms.get(id)
    if (vm !== undefined && bondOf(host, now, vm, before) < bond) return true
  }
  return false
}
