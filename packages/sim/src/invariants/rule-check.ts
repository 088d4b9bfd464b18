/**
 * S11: no action of ours breaks a rule that held before, not even between two actions. Judged by the world's truth when a VM
 * begins to come to a host; what its owner or a host's boot has put there unseen is not ours.
 */
import type { Assign, HostId, Problem, Rule, VmId } from '@drover/protocol'
import { type HostBook, partitionOf } from './host-book.ts'
import type { Check, Scene } from './scene.ts'

interface Coming {
  readonly vm: VmId
  readonly host: HostBook
  /** VMs that are there or on their way there, as far as its agent could know; without the one that comes. */
  readonly beside: readonly VmId[]
  /** The plan that brings it, and what it was made from. */
  readonly assign: Assign
  readonly labelsOf: (vm: VmId) => readonly string[]
}

const homeIn = ({ vms }: Problem, vm: VmId): HostId | null => vms.find(({ id }) => id === vm)?.host ?? null

/** It leaves that host by this plan: a rule for the end of plans may wait for that. */
const leavesLater = ({ plan }: Assign, vm: VmId, host: HostId): boolean =>
  plan.actions.some((action) => action.vm === vm && 'from' in action && action.from === host)

/** What of the rule is broken by the arrival, in words; null = nothing that was not broken before. */
export const brokenBy = (rule: Rule, coming: Coming): string | null => {
  const { vm, host, beside, assign, labelsOf } = coming
  const home = homeIn(assign.problem, vm) === host.id
  const transient = rule.continuous === false
  switch (rule.kind) {
    case 'spread': {
      if (!rule.vms.includes(vm)) return null
      const other = beside.find(
        (one) =>
          rule.vms.includes(one) &&
          !(home && homeIn(assign.problem, one) === host.id) &&
          !(transient && leavesLater(assign, one, host.id)),
      )
      return other === undefined ? null : `beside ${other}`
    }
    case 'ban':
      return rule.vms.includes(vm) && rule.hosts.includes(host.id) && !home ? 'which is banned' : null
    case 'fence':
      return rule.vms.includes(vm) && !rule.hosts.includes(host.id) && !home ? 'outside its fence' : null
    case 'labelCapacity': {
      const { label, max } = rule
      if (rule.hosts !== undefined && !rule.hosts.includes(host.id)) return null
      if (!labelsOf(vm).includes(label)) return null
      const there = beside.filter(
        (one) => labelsOf(one).includes(label) && !(transient && leavesLater(assign, one, host.id)),
      )
      const before = assign.problem.vms.filter(
        (one) => one.host === host.id && one.state === 'running' && one.labels?.includes(label) === true,
      )
      return there.length + 1 > Math.max(max, before.length)
        ? `with ${there.length} others of label ${label}`
        : null
    }
    default:
      return rule satisfies never
  }
}

export const createRuleCheck = ({ world, findings, rules, books }: Scene): Check => {
  const hard = rules.filter(({ weight }) => weight === undefined)
  if (hard.length === 0) return {}

  const labelsOf = (vm: VmId): readonly string[] =>
    (world.inside.state.vms.get(vm)?.spec.settings['labels'] ?? '').split(/[\s,]+/)

  /** What is truly there, or comes, and was seen by the host's agent or promised by it. */
  const besideAt = (book: HostBook, vm: VmId): readonly VmId[] => {
    const seen = new Set(book.observed.map((one) => one.vm))
    for (const { kind, vm: coming } of book.open.values()) if (kind === 'arrival') seen.add(coming)
    const there = [...(world.inside.state.hosts.get(book.name)?.copies.values() ?? [])]
    return there
      .filter((copy) => copy.state !== 'shut')
      .map((copy) => copy.vm.spec.vm)
      .filter((one) => one !== vm && seen.has(one))
  }

  return {
    agent(event, book) {
      if (event.kind !== 'effect' || event.effect.kind !== 'perform') return
      const { action, operation } = event.effect
      if (operation.kind === 'stop' || operation.kind === 'suspend') return
      const host = operation.kind === 'migrate' ? books.get(operation.to) : book
      const assign = book.plans.get(partitionOf(action))
      if (host === undefined || assign === undefined) return
      const coming = { vm: operation.vm, host, beside: besideAt(host, operation.vm), assign, labelsOf }
      for (const rule of hard) {
        const broken = brokenBy(rule, coming)
        if (broken !== null)
          findings.tell(
            'S11',
            `${action} brings ${operation.vm} to ${host.name} ${broken}, against rule ${rule.name ?? rule.kind}`,
          )
      }
    },
  }
}
