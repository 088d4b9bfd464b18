/**
 * BtrPlace's JSON instances (btrplace/scheduler, module `json`): model (mapping, attributes, views) and
 * constraints. Hosts and VMs are numbers there and keep their digits as ids.
 *
 * Differences of meaning: drover does not switch hosts on or off, so an offline host that must be online counts
 * as online, and an online one that must be offline is drained.
 */

import type { Binding } from '../problem/answer.ts'
import { asHostId, asVmId, type HostId, type VmId } from '../problem/ids.ts'
import type { ProblemHost, ProblemVm } from '../problem/situation.ts'
import type { PlacementProblem } from '../rules/placement-problem.ts'
import type { PlacementRule } from '../rules/rule.ts'
import { readAttributes, readResources } from './btrplace-views.ts'
import { addExactly, BadDocument, disjointAt, type Fields, fieldsAt, integerAt, listAt } from './document.ts'

/** BtrPlace instances say nothing about links in a form we use: 1 Gbit/s. */
const bandwidthMiBps = 119

export interface BtrplaceRead {
  readonly problem: PlacementProblem
  /** Two constraints want different states of the same VM or host. */
  readonly contradiction: Binding | null
}

export const readBtrplace = (document: Fields): BtrplaceRead => {
  const model = fieldsAt(document['model'], 'model')
  const mapping = fieldsAt(model['mapping'], 'model.mapping')
  const resources = readResources(model)
  const attributes = readAttributes(model)
  const hosts = new Map<string, ProblemHost>()
  const vms = new Map<string, ProblemVm>()
  const demands = resources.map(() => 0)
  const memory = resources.findIndex((resource) => /^mem/i.test(resource.id))

  const addHost = (id: string, state: ProblemHost['state'], path: string): void => {
    if (hosts.has(id)) throw new BadDocument(path, `host ${id} is listed twice`)
    const limit = resources.map((resource) => resource.capacity(id))
    hosts.set(id, { id: asHostId(id), state, limit, cpuBaseline: null, failureDomain: null })
  }
  const addVms = (list: unknown, host: HostId | null, state: ProblemVm['state'], path: string): void => {
    listAt(list ?? [], path).forEach((number, i) => {
      const id = idOf(number, `${path}[${i}]`)
      if (vms.has(id)) throw new BadDocument(`${path}[${i}]`, `VM ${id} is listed twice`)
      const demand = resources.map((resource) => resource.consumption(id))
      const { memoryMiB, dirtyMiBps } = attributes(id)
      demand.forEach((amount, d) => {
        demands[d] = addExactly(demands[d]!, amount, `${path}[${i}]`)
      })
      vms.set(id, {
        id: asVmId(id),
        host,
        state,
        wanted: state,
        demand,
        memoryMiB: memoryMiB ?? (memory < 0 ? 0 : demand[memory]!),
        dirtyMiBps,
        movable: true,
      })
    })
  }
  const online = fieldsAt(mapping['onlineNodes'] ?? {}, 'model.mapping.onlineNodes')
  for (const id of Object.keys(online)) {
    const path = `model.mapping.onlineNodes.${id}`
    const carried = fieldsAt(online[id], path)
    addHost(id, 'online', path)
    addVms(carried['runningVMs'], asHostId(id), 'running', `${path}.runningVMs`)
    addVms(carried['sleepingVMs'], asHostId(id), 'sleeping', `${path}.sleepingVMs`)
  }
  listAt(mapping['offlineNodes'] ?? [], 'model.mapping.offlineNodes').forEach((number, i) => {
    const path = `model.mapping.offlineNodes[${i}]`
    addHost(idOf(number, path), 'offline', path)
  })
  addVms(mapping['readyVMs'], null, 'ready', 'model.mapping.readyVMs')

  const wanted = createWantedStates()
  const dimensions = resources.map((one) => one.id)
  const rules = readConstraints(document, { hosts, vms, dimensions, wanted })
  const problem: PlacementProblem = {
    dimensions,
    hosts: [...hosts.values()],
    vms: [...vms.values()],
    rules,
    bandwidthMiBps,
    migrationsOutMax: 2,
    migrationsInMax: 2,
  }
  return { problem, contradiction: wanted.contradiction() }
}

/** The states that constraints want of VMs and hosts, and which constraint wants each. */
interface WantedStates {
  /** What no action brings about. */
  readonly impossible: (text: string) => void
  readonly want: (subject: string, state: string, path: string) => void
  readonly contradiction: () => Binding | null
}

const createWantedStates = (): WantedStates => {
  const known = new Map<string, { readonly state: string; readonly path: string }>()
  let found: Binding | null = null
  return {
    impossible: (text) => {
      found ??= { code: 'rule.state', text }
    },
    want: (subject, state, path) => {
      const before = known.get(subject)
      if (before === undefined) known.set(subject, { state, path })
      else if (before.state !== state)
        found ??= {
          code: 'rule.state',
          text: `${subject} is to be ${before.state} by ${before.path} and ${state} by ${path}; it would do to drop one of the two`,
        }
    },
    contradiction: () => found,
  }
}

const idOf = (value: unknown, path: string): string => {
  if (typeof value === 'string' && value !== '') return value
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return String(value)
  throw new BadDocument(path, `must be a number that names a host or a VM, not ${JSON.stringify(value)}`)
}

interface World {
  readonly hosts: Map<string, ProblemHost>
  readonly vms: Map<string, ProblemVm>
  readonly dimensions: readonly string[]
  readonly wanted: WantedStates
}

const readConstraints = (document: Fields, world: World): PlacementRule[] => {
  const rules: PlacementRule[] = []
  const sharedGroups: SharedGroups = []
  listAt(document['constraints'] ?? [], 'constraints').forEach((constraint, i) => {
    const path = `constraints[${i}]`
    const fields = fieldsAt(constraint, path)
    const continuous = continuousAt(fields, path)
    const rule = readStateConstraint(fields, path, world)
      ? null
      : readRule(fields, path, continuous, world, sharedGroups)
    if (rule !== null) rules.push({ ...rule, readAt: path })
  })
  return rules
}

/** A constraint on the state of VMs or hosts is no rule: it changes them. False: it is something else. */
const readStateConstraint = (fields: Fields, path: string, world: World): boolean => {
  const id = fields['id']
  switch (id) {
    case 'running':
    case 'sleeping':
    case 'ready':
    case 'killed':
      for (const vm of membersAt<VmId>(fields, 'vm', 'vms', path, world.vms)) {
        world.wanted.want(`VM ${vm}`, id, path)
        const known = world.vms.get(vm)!
        if ((id === 'ready' && known.state === 'sleeping') || (id === 'sleeping' && known.state === 'ready'))
          world.wanted.impossible(
            `VM ${vm} is ${known.state} and is to be ${id} by ${path}: no action does that; it would have to run in between`,
          )
        world.vms.set(vm, { ...known, wanted: id === 'killed' ? 'ready' : id })
      }
      return true
    case 'online':
    case 'offline':
      for (const host of membersAt<HostId>(fields, 'node', 'nodes', path, world.hosts)) {
        world.wanted.want(`host ${host}`, id, path)
        const known = world.hosts.get(host)!
        const state = id === 'online' ? 'online' : known.state === 'offline' ? 'offline' : 'draining'
        if (state !== known.state) world.hosts.set(host, { ...known, state })
      }
      return true
    default:
      return false
  }
}

const continuousAt = (fields: Fields, path: string): { readonly continuous?: boolean } => {
  const { continuous } = fields
  if (continuous === undefined) return {}
  if (typeof continuous !== 'boolean') throw new BadDocument(`${path}.continuous`, 'must be true or false')
  return { continuous }
}

const readRule = (
  fields: Fields,
  path: string,
  continuous: { readonly continuous?: boolean },
  world: World,
  sharedGroups: SharedGroups,
): PlacementRule => {
  const id = fields['id']
  const vms = () => distinct(membersAt<VmId>(fields, 'vm', 'vms', path, world.vms))
  const hosts = () => distinct(membersAt<HostId>(fields, 'node', 'nodes', path, world.hosts))
  const amount = () => integerAt(fields['amount'], `${path}.amount`)
  const dimension = () => {
    const name = fields['rc']
    if (typeof name === 'string' && world.dimensions.includes(name)) return name
    throw new BadDocument(`${path}.rc`, `no resource is called ${JSON.stringify(name)}`)
  }
  const lists = <T extends string>(key: string, known: ReadonlyMap<string, unknown>) => {
    const parts = listAt(fields[key], `${path}.${key}`).map((part, k) =>
      distinct(idsAt<T>(part, `${path}.${key}[${k}]`, known)),
    )
    disjointAt(parts, `${path}.${key}`)
    return parts
  }
  switch (id) {
    case 'spread':
    case 'gather':
    case 'lonely':
    case 'root':
      return {
        kind: id,
        vms: vms(),
        ...(id === 'gather' ? { continuous: fields['continuous'] === true } : continuous),
      }
    case 'seq': {
      const order = membersAt<VmId>(fields, 'vm', 'vms', path, world.vms)
      order.forEach((vm, i) => {
        if (order.indexOf(vm) < i) throw new BadDocument(`${path}.vms[${i}]`, `${vm} is listed twice`)
      })
      return { kind: 'seq', vms: order, ...continuous }
    }
    case 'ban':
    case 'fence':
      return { kind: id, vms: vms(), hosts: hosts(), ...continuous }
    case 'split':
      return { kind: 'split', parts: lists<VmId>('parts', world.vms), ...continuous }
    case 'among':
      return {
        kind: 'among',
        vms: vms(),
        parts: groupsAt(fields['parts'], `${path}.parts`, world, sharedGroups),
        ...continuous,
      }
    case 'splitAmong':
      return {
        kind: 'splitAmong',
        parts: lists<VmId>('vParts', world.vms),
        among: groupsAt(fields['pParts'], `${path}.pParts`, world, sharedGroups),
        ...continuous,
      }
    case 'quarantine':
      return { kind: 'quarantine', hosts: hosts() }
    case 'preserve':
      return { kind: 'preserve', vms: vms(), dimension: dimension(), amount: amount() }
    case 'overbook': {
      const ratio = fields['ratio']
      if (typeof ratio !== 'number' || !(ratio > 0))
        throw new BadDocument(`${path}.ratio`, 'must be a number above 0')
      return { kind: 'overbook', hosts: hosts(), dimension: dimension(), permille: permilleOf(ratio) }
    }
    case 'resourceCapacity':
      return {
        kind: 'resourceCapacity',
        hosts: hosts(),
        dimension: dimension(),
        amount: amount(),
        ...continuous,
      }
    case 'runningCapacity':
      return { kind: 'runningCapacity', hosts: hosts(), amount: amount(), ...continuous }
    case 'maxOnline':
      return {
        kind: 'maxOnline',
        hosts: hosts(),
        amount: amount(),
        continuous: fields['continuous'] === true,
      }
    default:
      throw new BadDocument(`${path}.id`, `unknown constraint ${JSON.stringify(id)}`)
  }
}

/** BtrPlace takes these lists for sets. */
const distinct = <T extends string>(ids: readonly T[]): readonly T[] => [...new Set(ids)]

/** 1.005 is 1005 permille, though 1.005 × 1000 is a little less. */
const permilleOf = (ratio: number): number => Math.floor(ratio * 1000 * (1 + Number.EPSILON))

/** `{vm: 3}` and `{vms: [3, 4]}` mean the same thing. */
const membersAt = <T extends string>(
  fields: Fields,
  one: string,
  many: string,
  path: string,
  known: ReadonlyMap<string, unknown>,
): readonly T[] => {
  if (fields[many] !== undefined) return idsAt<T>(fields[many], `${path}.${many}`, known)
  if (fields[one] !== undefined) return [idAt<T>(fields[one], `${path}.${one}`, known)]
  throw new BadDocument(path, `needs ${one} or ${many}`)
}

const idsAt = <T extends string>(
  value: unknown,
  path: string,
  known: ReadonlyMap<string, unknown>,
): readonly T[] => listAt(value, path).map((one, i) => idAt<T>(one, `${path}[${i}]`, known))

const idAt = <T extends string>(value: unknown, path: string, known: ReadonlyMap<string, unknown>): T => {
  const id = idOf(value, path)
  if (!known.has(id)) throw new BadDocument(path, `${id} is not in the mapping`)
  return id as T
}

/** Groups seen so far: thousands of constraints repeat the same list of thousands of hosts. */
type SharedGroups = {
  readonly raw: readonly (readonly unknown[])[]
  readonly groups: readonly (readonly HostId[])[]
}[]

const groupsAt = (
  value: unknown,
  path: string,
  world: World,
  shared: SharedGroups,
): readonly (readonly HostId[])[] => {
  const raw = listAt(value, path).map((part, i) => listAt(part, `${path}[${i}]`))
  const equal = shared.find(
    (one) =>
      one.raw.length === raw.length &&
      one.raw.every((part, i) => part.length === raw[i]!.length && part.every((id, k) => id === raw[i]![k])),
  )
  if (equal !== undefined) return equal.groups
  const groups = raw.map((part, i) => distinct(idsAt<HostId>(part, `${path}[${i}]`, world.hosts)))
  disjointAt(groups, path)
  shared.push({ raw, groups })
  return groups
}
