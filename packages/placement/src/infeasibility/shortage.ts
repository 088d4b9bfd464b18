/**
 * Too little room, proven by counting. For every set of hosts that some VMs are confined to (their *domain*):
 * the VMs that can be nowhere else need more than those hosts have (Hall 1935, with amounts), or the hosts hold
 * fewer pieces of some size than there are (Martello and Toth 1990, §8.3). And the same for caps over many hosts.
 */

import type { Model } from '../model/model.ts'
import type { Binding } from '../problem/answer.ts'
import { amountText, capacityCode } from '../problem/names.ts'
import { listed, some } from '../rules/listed.ts'
import { codeOf, constraintOf, ruleName, ruleReference, valuesOf, vmsOf } from '../rules/rule.ts'

export interface Shortage {
  readonly why: Binding
  /** The least that would have to give here; it may not be enough. */
  readonly help: string
}

/** VMs that are confined to the same hosts or to some of them. */
interface Group {
  readonly hosts: readonly number[]
  readonly vms: readonly number[]
}

/** Different domains compared with each other; real rule sets have some dozens. */
const domainsMax = 256
/** Sizes of pieces looked at per group and dimension, the largest first. */
const sizesMax = 100

export const shortage = (model: Model): Shortage | null => {
  const room = roomBesideFixed(model)
  for (const group of groupsOf(model)) {
    const found = tooMuch(model, room, group) ?? tooManyPieces(model, room, group)
    if (found !== null) return found
  }
  return tooTightCap(model, room)
}

/** What the VMs that stay leave of the limits. [host × dims] */
const roomBesideFixed = ({
  limit,
  vmCount,
  dims,
  active,
  fixed,
  home,
  demand,
  hosts,
}: Model): Float64Array => {
  const room = Float64Array.from(limit, (amount, i) =>
    hosts[Math.floor(i / dims)]!.state === 'online' ? amount : 0,
  )
  for (let v = 0; v < vmCount; v++)
    if (active[v] === 1 && fixed[v] === 1)
      for (let d = 0; d < dims; d++) room[home[v]! * dims + d]! -= demand[v * dims + d]!
  return room.map((amount) => Math.max(0, amount))
}

/** One group per domain, the smallest first: the closer, the clearer. */
const groupsOf = (model: Model): readonly Group[] => {
  const members = new Map<Uint8Array, number[]>()
  for (let v = 0; v < model.vmCount; v++) {
    if (model.active[v] === 0 || model.fixed[v] === 1) continue
    const list = members.get(model.domain[v]!)
    if (list !== undefined) list.push(v)
    else if (members.size < domainsMax) members.set(model.domain[v]!, [v])
  }
  const domains = [...members.keys()].map((domain) => ({
    domain,
    hosts: model.hosts.flatMap((_, h) => (domain[h] === 1 ? [h] : [])),
  }))
  domains.sort((a, b) => a.hosts.length - b.hosts.length)
  return domains.map(({ domain, hosts }) => ({
    hosts,
    vms: domains.flatMap((other) =>
      other.hosts.every((h) => domain[h] === 1) ? members.get(other.domain)! : [],
    ),
  }))
}

const tooMuch = (model: Model, room: Float64Array, { hosts, vms }: Group): Shortage | null => {
  const { dims, demand } = model
  for (let d = 0; d < dims; d++) {
    let wanted = 0
    let there = 0
    for (const v of vms) wanted += demand[v * dims + d]!
    for (const h of hosts) there += room[h * dims + d]!
    if (wanted <= there) continue
    const dimension = model.problem.dimensions[d]!
    const missing = wanted - there
    return {
      why: {
        code: shortCode(model, room, vms, hosts, d, missing),
        text: `${namesOf(model, vms)} need ${amountText(dimension, wanted)}; ${placesOf(model, vms, hosts)} can give them ${amountText(dimension, there)}: ${amountText(dimension, missing)} short`,
      },
      help: help(model, vms, hosts, d, missing, `${amountText(dimension, missing)} more`),
    }
  }
  return null
}

const tooManyPieces = (model: Model, room: Float64Array, { hosts, vms }: Group): Shortage | null => {
  const { dims, demand } = model
  for (let d = 0; d < dims; d++) {
    const sizes = vms.map((v) => demand[v * dims + d]!).sort((a, b) => b - a)
    const rooms = new Map<number, number>()
    for (const h of hosts) rooms.set(room[h * dims + d]!, (rooms.get(room[h * dims + d]!) ?? 0) + 1)
    let tried = 0
    for (let count = 1; count <= sizes.length && tried < sizesMax; count++) {
      const size = sizes[count - 1]!
      if (size === 0) break
      if (count < sizes.length && sizes[count] === size) continue
      tried++
      let slots = 0
      for (const [amount, times] of rooms) slots += times * Math.floor(amount / size)
      if (count <= slots) continue
      const dimension = model.problem.dimensions[d]!
      const large = vms.filter((v) => demand[v * dims + d]! >= size)
      return {
        why: {
          code: shortCode(model, room, large, hosts, d, size * (count - slots)),
          text: `${namesOf(model, large)} need at least ${amountText(dimension, size)} each; ${placesOf(model, large, hosts)} can take ${slots} of that size`,
        },
        help: help(
          model,
          large,
          hosts,
          d,
          size * (count - slots),
          `room for ${count - slots} more of ${amountText(dimension, size)}`,
        ),
      }
    }
  }
  return null
}

/**
 * The code of the dimension that is short; but if the hosts that a rule forbids have the room, the code that this rule
 * stands for.
 */
export const shortCode = (
  model: Model,
  room: Float64Array,
  vms: readonly number[],
  hosts: readonly number[],
  d: number,
  missing: number,
): string => {
  for (const rule of confining(model, vms)) {
    if (rule.code === undefined) continue
    const forbidden = new Set<string>(valuesOf(rule, 'hosts').flat())
    let more = 0
    model.hosts.forEach((host, h) => {
      if (forbidden.has(host.id) && !hosts.includes(h)) more += room[h * model.dims + d]!
    })
    if (more >= missing) return rule.code
  }
  return capacityCode(model.problem.dimensions[d]!)
}

const namesOf = (model: Model, vms: readonly number[]): string =>
  vms.length === model.active.reduce((sum, one) => sum + one, 0)
    ? `all ${vms.length} VMs`
    : some(vms.map((v) => model.vms[v]!.id))

const placesOf = (model: Model, vms: readonly number[], hosts: readonly number[]): string => {
  const online = model.hosts.reduce((sum, host) => sum + (host.state === 'online' ? 1 : 0), 0)
  if (hosts.length === 0) return 'no host'
  if (hosts.length === online) return 'the online hosts'
  const rules = confining(model, vms)
  const because =
    rules.length === 0
      ? ''
      : `, by ${listed(
          rules.map((rule) => ruleName(rule)),
          'and',
        )}`
  return `the hosts they may be on (${some(hosts.map((h) => model.hosts[h]!.id))}${because})`
}

/** Rules that say where the VMs may be, as far as they are about most of them. */
const confining = (model: Model, vms: readonly number[]) => {
  const ids = new Set<string>(vms.map((v) => model.vms[v]!.id))
  return model.problem.rules
    .filter((rule) => {
      if (rule.weight !== undefined) return false
      const constraint = constraintOf(rule)
      const says =
        constraint.is === 'confined' ||
        (constraint.is === 'together' && constraint.groups !== 'hosts' && constraint.parts.length === 1)
      return says && 2 * new Set(vmsOf(rule)?.filter((id) => ids.has(id))).size >= vms.length
    })
    .slice(0, 3)
}

const help = (
  model: Model,
  vms: readonly number[],
  hosts: readonly number[],
  d: number,
  missing: number,
  amount: string,
): string => {
  const { dims, demand, limit } = model
  const names = some(hosts.map((h) => model.hosts[h]!.id))
  const largest = hosts.reduce((most, h) => Math.max(most, limit[h * dims + d]!), 0)
  const more = Math.ceil(missing / Math.max(1, largest))
  const sizes = vms.map((v) => demand[v * dims + d]!).sort((a, b) => b - a)
  let fewer = 0
  for (let rest = missing; rest > 0 && fewer < sizes.length; fewer++) rest -= sizes[fewer]!
  const rules = confining(model, vms)
  return listed(
    [
      ...(hosts.length === 0 ? [] : [`${amount} on ${names}`]),
      `${more} more host${more === 1 ? '' : 's'} like the largest of them`,
      `${fewer} VM${fewer === 1 ? '' : 's'} fewer`,
      ...rules.map((rule) => `${ruleReference(rule)} dropped`),
    ],
    'or',
  )
}

/** Caps over several hosts, and the number of hosts in use: what can be nowhere else, and what finds no room outside. */
const tooTightCap = (model: Model, room: Float64Array): Shortage | null => {
  const { dims, demand, vmCount, active, fixed, home, domain, hosts } = model
  for (const rule of model.problem.rules) {
    const cap = constraintOf(rule)
    if (rule.weight !== undefined || (cap.is !== 'cap' && cap.is !== 'usedHosts')) continue
    const named = new Set<string>(cap.hosts)
    const inside = Uint8Array.from(hosts, (host) => (named.has(host.id) ? 1 : 0))
    const known = new Map<Uint8Array, boolean>()
    const within = (of: Uint8Array): boolean => {
      const answer = known.get(of) ?? of.every((bit, h) => bit === 0 || inside[h] === 1)
      known.set(of, answer)
      return answer
    }
    let bound = 0
    const amounts = new Float64Array(dims)
    /** The same without the VMs that stay, and the hosts that those are on. */
    const wanted = new Float64Array(dims)
    const used = new Uint8Array(hosts.length)
    for (let v = 0; v < vmCount; v++) {
      if (active[v] === 0) continue
      const stays = fixed[v] === 1
      const confined = stays ? inside[home[v]!] === 1 : within(domain[v]!)
      if (!confined) continue
      bound++
      if (stays) used[home[v]!] = 1
      for (let d = 0; d < dims; d++) {
        amounts[d]! += demand[v * dims + d]!
        if (!stays) wanted[d]! += demand[v * dims + d]!
      }
    }
    const found =
      cap.is === 'usedHosts'
        ? tooFewHosts(model, room, wanted, inside, used, cap.max)
        : cap.of !== 'vms'
          ? overCap(amounts[model.problem.dimensions.indexOf(cap.of.dimension)] ?? 0, cap.of, cap.max)
          : bound > cap.max
            ? `${bound} VMs can run on no other hosts than these`
            : null
    if (found !== null)
      return {
        why: { code: codeOf(rule), text: `${ruleName(rule)} cannot hold: ${found}` },
        help: `${ruleReference(rule)} dropped or raised`,
      }
  }
  return null
}

const overCap = (
  amount: number,
  { dimension }: { readonly dimension: string },
  max: number,
): string | null =>
  amount > max
    ? `VMs that can be on no other hosts need ${amountText(dimension, amount)} there, ${amountText(dimension, amount - max)} more than that`
    : null

/** Hosts with VMs that stay are in use anyway, and give what those leave; the roomiest of the others come next. */
const tooFewHosts = (
  model: Model,
  room: Float64Array,
  wanted: Float64Array,
  inside: Uint8Array,
  used: Uint8Array,
  allowed: number,
): string | null => {
  const { dims, hostCount } = model
  const inUse = used.reduce((sum, one) => sum + one, 0)
  if (inUse > allowed) return `VMs that cannot move are on ${inUse} of them`
  for (let d = 0; d < dims; d++) {
    const rooms: number[] = []
    let missing = wanted[d]!
    for (let h = 0; h < hostCount; h++)
      if (used[h] === 1) missing -= room[h * dims + d]!
      else if (inside[h] === 1) rooms.push(room[h * dims + d]!)
    rooms.sort((a, b) => b - a)
    let more = 0
    while (more < rooms.length && missing > 0) missing -= rooms[more++]!
    if (inUse + more > allowed)
      return `VMs that can be on no other hosts need ${amountText(model.problem.dimensions[d]!, wanted[d]!)}${inUse > 0 ? ' beside those that stay' : ''}, for which at least ${inUse + more} of them are necessary`
  }
  return null
}
