/**
 * The names of things. Branded strings, so that a VM's id can never stand where a host's is meant;
 * all compare with `<`, never with a locale.
 */

declare const hostId: unique symbol
/** A host. (drover names it by the libp2p peer id of its agent: one agent per host, so one id serves both.) */
export type HostId = string & { readonly [hostId]: true }

declare const vmId: unique symbol
/** A VM, named by its hypervisor's UUID: stable across migrations, unlike a domain number. */
export type VmId = string & { readonly [vmId]: true }

declare const actionId: unique symbol
/** One action of one plan: `<plan>/<index>`. Repeating a message about an action is harmless. */
export type ActionId = string & { readonly [actionId]: true }

export const asHostId = (text: string): HostId => text as HostId
export const asVmId = (text: string): VmId => text as VmId

export const actionIdOf = (plan: string, index: number): ActionId => `${plan}/${index}` as ActionId

/** Orders ids (and any text) by code unit: the same on every host, whatever its locale. */
export const byText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)

/**
 * What a record holds under a key that a peer chose. Plain indexing also finds what every object inherits: a host called
 * `constructor` would be a function.
 */
export const own = <T>(record: Readonly<Record<string, T>>, key: string): T | undefined =>
  Object.hasOwn(record, key) ? record[key] : undefined
