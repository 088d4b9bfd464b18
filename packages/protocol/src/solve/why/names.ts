/** How rules, hosts and VMs are named to people. */
import type { PlacementRule } from '../rules/rule.ts'

export const ruleCodes: Readonly<Record<PlacementRule['kind'], string>> = {
  spread: 'rule.anti_affinity',
  domainSpread: 'rule.anti_affinity',
  split: 'rule.anti_affinity',
  lonely: 'rule.anti_affinity',
  gather: 'rule.affinity',
  among: 'rule.affinity',
  splitAmong: 'rule.affinity',
  ban: 'rule.host_group',
  fence: 'rule.host_group',
  quarantine: 'rule.host_group',
  root: 'vm.pinned',
  seq: 'rule.order',
  preserve: 'rule.capacity',
  overbook: 'rule.capacity',
  resourceCapacity: 'rule.capacity',
  runningCapacity: 'rule.capacity',
  maxOnline: 'rule.capacity',
}

const shortName: Readonly<Record<string, string>> = { cpuMilli: 'cpu', memoryMiB: 'mem' }

export const capacityCode = (dimension: string): string => `capacity.${shortName[dimension] ?? dimension}`

const namesMax = 6

/** "a, b, c" or "a, b, c, d, e, f, … (17)". */
export const some = (ids: readonly string[]): string =>
  ids.length <= namesMax ? ids.join(', ') : `${ids.slice(0, namesMax).join(', ')}, … (${ids.length})`

/** "a", "a and b", "a, b and c". */
export const listed = (names: readonly string[], last: 'and' | 'or'): string =>
  names.length < 2 ? (names[0] ?? '') : `${names.slice(0, -1).join(', ')} ${last} ${names.at(-1)}`

/** What the rule is called, or else what it says; and where it was read. */
export const ruleName = (rule: PlacementRule): string => {
  const where = rule.readAt === undefined ? '' : ` at ${rule.readAt}`
  return `${rule.name ?? `${rule.kind}(${content(rule)})`}${where}`
}

/** Shorter, where the rule was told in full before. */
export const ruleReference = (rule: PlacementRule): string =>
  rule.readAt === undefined ? ruleName(rule) : `${rule.name ?? rule.kind} at ${rule.readAt}`

const content = (rule: PlacementRule): string => {
  switch (rule.kind) {
    case 'spread':
    case 'domainSpread':
    case 'gather':
    case 'lonely':
    case 'root':
    case 'seq':
      return some(rule.vms)
    case 'ban':
    case 'fence':
      return `${some(rule.vms)}; ${rule.hosts.length === 0 ? 'no host' : some(rule.hosts)}`
    case 'split':
      return groups(rule.parts)
    case 'among':
      return `${some(rule.vms)}; ${groups(rule.parts)}`
    case 'splitAmong':
      return `${groups(rule.parts)}; ${groups(rule.among)}`
    case 'quarantine':
      return some(rule.hosts)
    case 'preserve':
      return `${some(rule.vms)}; ${rule.amount} ${rule.dimension}`
    case 'overbook':
      return `${some(rule.hosts)}; ${rule.permille} ‰ of ${rule.dimension}`
    case 'resourceCapacity':
      return `${some(rule.hosts)}; ${rule.amount} ${rule.dimension}`
    case 'runningCapacity':
      return `${some(rule.hosts)}; ${rule.amount} VMs`
    case 'maxOnline':
      return `${some(rule.hosts)}; ${rule.amount} hosts`
    default:
      return rule satisfies never
  }
}

const groups = (parts: readonly (readonly string[])[]): string =>
  parts.length > 3 ? `${parts.length} groups` : parts.map((part) => some(part)).join(' | ')
