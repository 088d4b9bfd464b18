/**
 * The links of hosts, and the migrations that share them, max-min fairly. A link binds no migration while the caps of all that
 * use it fit; so a change reaches only those that share a crowded link with it, or with one of those, and so on.
 */
import { fairRates } from './share.ts'
import type { HostRecord } from './state.ts'

export interface Transfer {
  readonly from: HostRecord
  readonly to: HostRecord
  readonly capMiBps: number
  readonly rateMiBps: number
}

export interface Links<T extends Transfer> {
  /** It begins to send. */
  join(transfer: T): void
  /** It sends no more; its own rate is left as it is. */
  leave(transfer: T): void
  /** Its cap is another one, or will be when `change` has been called. */
  change(transfer: T, change: () => void): void
}

interface Link<T> {
  readonly capacity: number
  readonly users: Set<T>
}

/** `apply` is called for each whose rate is to become another one, once everything is decided. */
export const createLinks = <T extends Transfer>(
  apply: (transfer: T, rateMiBps: number) => void,
): Links<T> => {
  const out = new Map<HostRecord, Link<T>>()
  const into = new Map<HostRecord, Link<T>>()
  const linkOf = (links: Map<HostRecord, Link<T>>, host: HostRecord): Link<T> => {
    const found = links.get(host)
    if (found !== undefined) return found
    const link: Link<T> = { capacity: host.spec.linkMiBps, users: new Set() }
    links.set(host, link)
    return link
  }
  const linksOf = ({ from, to }: T): readonly Link<T>[] => [linkOf(out, from), linkOf(into, to)]
  const crowded = ({ users, capacity }: Link<T>): boolean => {
    let caps = 0
    for (const { capMiBps } of users) caps += capMiBps
    return caps > capacity
  }

  /** Divides anew among all that can be touched by what happened on these links. */
  const divide = (crowdedLinks: readonly Link<T>[], first: readonly T[]): void => {
    const touched = new Set(first)
    const seen = new Set(crowdedLinks)
    for (const link of seen)
      for (const user of link.users) {
        touched.add(user)
        for (const other of linksOf(user)) if (!seen.has(other) && crowded(other)) seen.add(other)
      }
    if (touched.size === 0) return
    const flows = [...touched]
    const rates = fairRates(
      flows.map((flow) => ({ cap: flow.capMiBps, links: linksOf(flow) })),
      (link) => link.capacity,
    )
    for (const [i, flow] of flows.entries()) if (rates[i]! !== flow.rateMiBps) apply(flow, rates[i]!)
  }

  const changed = (transfer: T, change: (links: readonly Link<T>[]) => void): void => {
    const links = linksOf(transfer)
    const before = links.map(crowded)
    change(links)
    const touched = links.filter((link, i) => before[i]! || crowded(link))
    const sends = links[0]!.users.has(transfer)
    divide(touched, sends ? [transfer] : [])
  }

  return {
    join(transfer) {
      changed(transfer, (links) => {
        for (const { users } of links) users.add(transfer)
      })
    },
    leave(transfer) {
      changed(transfer, (links) => {
        for (const { users } of links) users.delete(transfer)
      })
    },
    change: (transfer, change) => changed(transfer, change),
  }
}
