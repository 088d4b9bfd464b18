/**
 * drover's own placement document: a `PlacementProblem` as JSON, with defaults for what is usually the same.
 *
 * ```json
 * { "hosts": [{ "id": "a", "limit": [16000, 65536] }, { "id": "b", "limit": [16000, 65536] }],
 *   "vms": [{ "id": "web", "host": "a", "demand": [2000, 4096] }],
 *   "rules": [{ "kind": "fence", "vms": ["web"], "hosts": ["b"] }] }
 * ```
 */
import { z } from 'zod'
import { asHostId, asVmId } from '../problem/ids.ts'
import { dimensions } from '../problem/resources.ts'
import { byForm, type Form } from '../rules/definition.ts'
import type { PlacementProblem } from '../rules/placement-problem.ts'
import { allDefinitions, entriesOf, type PlacementRule } from '../rules/rule.ts'
import { addExactly, BadDocument, disjointAt } from './document.ts'
import { withSharedLists } from './shared-lists.ts'

const id = z.string().min(1)
const amount = z.int().min(0)
const hostId = id.transform(asHostId)
const vmId = id.transform(asVmId)

/** A list that many rules share is read once, and stays one list. */
const once = <T extends object>(schema: z.ZodType<T>) => {
  const known = new WeakMap<object, T>()
  return z.unknown().transform((value, context): T => {
    const there = typeof value === 'object' && value !== null ? known.get(value) : undefined
    if (there !== undefined) return there
    const read = schema.safeParse(value)
    if (!read.success) {
      for (const issue of read.error.issues)
        context.addIssue({ code: 'custom', message: issue.message, path: [...issue.path] })
      return z.NEVER
    }
    if (typeof value === 'object' && value !== null) known.set(value, read.data)
    return read.data
  })
}

/** Ends with the first wrong item: a list of millions that is wrong throughout is one problem, not millions. */
const list = <T>(item: z.ZodType<T>) =>
  z.unknown().transform((value, context): readonly T[] => {
    if (!Array.isArray(value)) {
      context.addIssue({ code: 'custom', message: 'must be a list' })
      return z.NEVER
    }
    const read: T[] = []
    for (const [i, one] of value.entries()) {
      const checked = item.safeParse(one)
      if (!checked.success) {
        const [issue] = checked.error.issues
        context.addIssue({ code: 'custom', message: issue!.message, path: [i, ...issue!.path] })
        return z.NEVER
      }
      read.push(checked.data)
    }
    return read
  })

/** Each at most once: what a rule would mean by a VM that comes twice is not said anywhere. */
const distinct = <T extends string>(item: z.ZodType<T>) =>
  list(item).transform((ids, context): readonly T[] => {
    const seen = new Set<T>()
    for (const [i, one] of ids.entries()) {
      if (seen.has(one)) {
        context.addIssue({ code: 'custom', message: `${one} is listed twice`, path: [i] })
        return z.NEVER
      }
      seen.add(one)
    }
    return ids
  })

const vms = distinct(vmId)
const hosts = once(distinct(hostId))
const groups = once(list(distinct(hostId)))
const common = {
  name: z.exactOptional(z.string()),
  continuous: z.exactOptional(z.boolean()),
  weight: z.exactOptional(amount),
}
const forms: { readonly [F in Form]: z.ZodType } = {
  vms,
  hosts,
  vmParts: list(vms),
  hostGroups: groups,
  dimension: id,
  label: id,
  amount,
  permille: z.int().min(1),
}

const [firstKind, ...otherKinds] = allDefinitions.map(({ kind, fields }) =>
  z.strictObject({ kind: z.literal(kind), ...common, ...byForm(fields, forms, z.exactOptional) }),
)
/** Each kind by the fields of its definition, so what passes is one of the rules. */
const rule = z.discriminatedUnion('kind', [firstKind!, ...otherKinds]) as unknown as z.ZodType<PlacementRule>

const state = z.enum(['running', 'sleeping', 'ready'])

/** A problem has as many numbers for each VM and host. */
const dimensionsMax = 64

const schema = z.strictObject({
  schemaVersion: z.literal(1).optional(),
  dimensions: z
    .array(id)
    .min(1)
    .max(dimensionsMax)
    .default([...dimensions]),
  hosts: list(
    z.strictObject({
      id: hostId,
      state: z.enum(['online', 'draining', 'offline']).default('online'),
      limit: list(amount),
      cpuBaseline: z.string().nullable().default(null),
      failureDomain: z.string().nullable().default(null),
    }),
  ),
  vms: list(
    z.strictObject({
      id: vmId,
      host: hostId.nullable().default(null),
      state: state.optional(),
      wanted: state.default('running'),
      demand: list(amount),
      memoryMiB: amount.optional(),
      dirtyMiBps: amount.default(0),
      movable: z.boolean().default(true),
      labels: z.exactOptional(distinct(id)),
    }),
  ),
  rules: list(rule).default([]),
  bandwidthMiBps: z.int().min(1).default(119),
  migrationsOutMax: z.int().min(1).default(2),
  migrationsInMax: z.int().min(1).default(2),
})

const pathText = (path: readonly PropertyKey[]): string =>
  path
    .map((one, i) => (typeof one === 'number' ? `[${one}]` : `${i === 0 ? '' : '.'}${String(one)}`))
    .join('')

export const readNative = (document: unknown): PlacementProblem => {
  const parsed = schema.safeParse(withSharedLists(document))
  if (!parsed.success) {
    const issue = parsed.error.issues[0]!
    throw new BadDocument(pathText(issue.path), issue.message)
  }
  const { schemaVersion: _, ...read } = parsed.data
  const memory = read.dimensions.indexOf('memoryMiB')
  const problem: PlacementProblem = {
    ...read,
    rules: read.rules.map((one, i) => ({ ...one, readAt: `rules[${i}]` })),
    vms: read.vms.map((vm) => ({
      ...vm,
      state: vm.state ?? (vm.host === null ? 'ready' : 'running'),
      memoryMiB: vm.memoryMiB ?? (memory < 0 ? 0 : (vm.demand[memory] ?? 0)),
    })),
  }
  checkReferences(problem)
  return problem
}

const checkReferences = (problem: PlacementProblem): void => {
  const width = problem.dimensions.length
  problem.dimensions.forEach((name, d) => {
    if (problem.dimensions.indexOf(name) < d)
      throw new BadDocument(`dimensions[${d}]`, `dimension ${name} is listed twice`)
  })
  const known = new Set<string>()
  problem.hosts.forEach((host, i) => {
    if (known.has(host.id)) throw new BadDocument(`hosts[${i}].id`, `host ${host.id} is listed twice`)
    if (host.limit.length !== width) throw new BadDocument(`hosts[${i}].limit`, `needs ${width} amounts`)
    known.add(host.id)
  })
  const offline = new Set<string>(problem.hosts.flatMap((one) => (one.state === 'offline' ? [one.id] : [])))
  const vms = new Set<string>()
  const demands = problem.dimensions.map(() => 0)
  problem.vms.forEach((vm, i) => {
    if (vms.has(vm.id)) throw new BadDocument(`vms[${i}].id`, `VM ${vm.id} is listed twice`)
    if (vm.demand.length !== width) throw new BadDocument(`vms[${i}].demand`, `needs ${width} amounts`)
    if (vm.host !== null && !known.has(vm.host))
      throw new BadDocument(`vms[${i}].host`, `there is no host ${vm.host}`)
    vm.demand.forEach((amount, d) => {
      demands[d] = addExactly(demands[d]!, amount, `vms[${i}].demand[${d}]`)
    })
    if (vm.state !== 'running' && vm.wanted !== 'running' && vm.wanted !== vm.state)
      throw new BadDocument(`vms[${i}].wanted`, `${vm.id} is ${vm.state}: no action makes it ${vm.wanted}`)
    const off = offline.has(vm.host ?? '')
    if (off && vm.state === 'running')
      throw new BadDocument(
        `vms[${i}].host`,
        `${vm.id} cannot run on ${vm.host}, which is offline: a host that is to be left is "draining", a VM to be started again has no host`,
      )
    if (off && vm.state === 'sleeping' && vm.wanted === 'running')
      throw new BadDocument(
        `vms[${i}].host`,
        `${vm.id} cannot be resumed: its image is on ${vm.host}, which is offline`,
      )
    if (vm.host === null && vm.state === 'running')
      throw new BadDocument(`vms[${i}].host`, 'a running VM needs a host')
    vms.add(vm.id)
  })
  /** Lists of hosts, and of groups of hosts, that many rules may share. */
  const fine = new Set<unknown>()
  problem.rules.forEach((rule, i) => {
    const strangers = (ids: readonly string[], of: ReadonlySet<string>, key: string): void => {
      ids.forEach((id, k) => {
        if (!of.has(id)) throw new BadDocument(`rules[${i}].${key}[${k}]`, `there is no ${id}`)
      })
    }
    const groups = (parts: readonly (readonly string[])[], of: ReadonlySet<string>, key: string): void => {
      if (of === known && fine.has(parts)) return
      if (of === known) fine.add(parts)
      parts.forEach((ids, k) => {
        strangers(ids, of, `${key}[${k}]`)
      })
      disjointAt(parts, `rules[${i}].${key}`)
    }
    for (const [key, ids] of entriesOf(rule, 'vms')) strangers(ids, vms, key)
    for (const [key, ids] of entriesOf(rule, 'hosts')) {
      if (!fine.has(ids)) strangers(ids, known, key)
      fine.add(ids)
    }
    for (const [key, parts] of entriesOf(rule, 'vmParts')) groups(parts, vms, key)
    for (const [key, parts] of entriesOf(rule, 'hostGroups')) groups(parts, known, key)
    for (const [key, name] of entriesOf(rule, 'dimension'))
      if (!problem.dimensions.includes(name))
        throw new BadDocument(`rules[${i}].${key}`, `there is no dimension ${name}`)
  })
}
