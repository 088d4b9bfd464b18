/** What a host may give to VMs, and what of it is free: one rule for the host itself, its snapshot and its summary. */
import { type Resources, resources, scale, subtract } from '@drover/placement'

/** Capacity less reserve; in no dimension below zero. */
export const usableOf = (host: { readonly capacity: Resources; readonly reserve: Resources }): Resources =>
  subtract(host.capacity, host.reserve)

/** As a host tells others of itself. */
interface Told {
  readonly capacity: Resources
  readonly reserve: Resources
  readonly demand: Resources
  readonly committedIn: Resources
}

/**
 * What a host has free for more VMs, as it says: up to this share of what is usable, permille, less what its VMs want and what it
 * has promised to take in. In no dimension below zero.
 */
export const headroomOf = (host: Told, fillPermille = 1_000): Resources => {
  const ceiling = scale(usableOf(host), fillPermille)
  return resources((d) => Math.max(0, ceiling[d] - host.demand[d] - host.committedIn[d]))
}
