/** Spread (anti-affinity): no two of the VMs on one host, or in one failure domain. Independent checkers. */
import type { HostId } from '../../ids.ts'
import { checkApart } from './apart.ts'
import type { DomainSpread, Spread } from './rule.ts'
import type { RuleViolation, Stays } from './stays.ts'

const each = (vms: Spread['vms']) => [...new Set(vms)].map((vm, i) => [vm, i] as const)

export const checkSpread = (rule: Spread, stays: Stays): RuleViolation[] =>
  checkApart('spread', stays, each(rule.vms))

export const checkDomainSpread = (rule: DomainSpread, stays: Stays): RuleViolation[] => {
  const domains = new Map(stays.problem.hosts.map((host) => [host.id, host.failureDomain]))
  // Without a domain, a host is its own.
  const placeOf = (host: HostId) => {
    const domain = domains.get(host) ?? null
    return domain === null ? `host ${host}` : `domain ${domain}`
  }
  return checkApart('domainSpread', stays, each(rule.vms), placeOf)
}
