/** Quarantine: no VM enters these hosts, none leaves them. Independent checker. */
import type { Quarantine } from './rule.ts'
import type { RuleViolation, Stays } from './stays.ts'

export const checkQuarantine = (rule: Quarantine, stays: Stays): RuleViolation[] => {
  const closed = new Set(rule.hosts)
  return stays.all.flatMap((stay) => {
    const home = stays.homeOf(stay.vm)
    const crosses = home !== stay.host && (closed.has(stay.host) || (home !== null && closed.has(home)))
    if (!crosses) return []
    return [
      {
        code: 'rule.host_group',
        vms: [stay.vm],
        hosts: [stay.host],
        text: `quarantine: ${stay.vm} may not be on ${stay.host}`,
      },
    ]
  })
}
