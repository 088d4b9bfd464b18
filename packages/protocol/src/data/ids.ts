/** The names of things: those that a placement knows, and those of the protocol. */
import type { ActionId, HostId } from '@drover/placement'

export {
  type ActionId,
  actionIdOf,
  asHostId,
  asVmId,
  byText,
  type HostId,
  own,
  type VmId,
} from '@drover/placement'

declare const partitionId: unique symbol
/** One attempt of one leader to solve one problem: `<leader>.<incarnation>.<counter>`; never used twice. */
export type PartitionId = string & { readonly [partitionId]: true }

declare const peerUri: unique symbol
/** Where another host's hypervisor is reached, once `data/peer-uri.ts` has looked at it: nothing else is opened. */
export type PeerUri = string & { readonly [peerUri]: true }

/** A monotonic clock reading in milliseconds. Comparable only on the host that read it. */
export type Instant = number

export const partitionIdOf = (leader: HostId, incarnation: number, counter: number): PartitionId =>
  `${leader}.${incarnation}.${counter}` as PartitionId

/** An action of a plan of this partition: `<partition>/<index>`. */
export const isOf = (action: ActionId, partition: PartitionId): boolean => action.startsWith(`${partition}/`)

/** The host that formed it: the text before the last two dots. */
export const leaderOf = (partition: PartitionId): HostId => partition.replace(/\.\d+\.\d+$/, '') as HostId
