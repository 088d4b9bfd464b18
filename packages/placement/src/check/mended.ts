/** Does a plan mend a rule? Its way back would break it: the checker is asked about that. */
import type { HostId, VmId } from '../problem/ids.ts'
import type { PlacementProblem } from '../rules/placement-problem.ts'
import type { PlacementRule } from '../rules/rule.ts'
import type { RuleViolation, Stay } from '../rules/stay.ts'
import { brokenRules } from './checker.ts'

/** The first of these rules that VMs break where they are, and that a plan which has passed the check mends; or null. `ends`: of those that move. */
export const ruleMended = (
  rules: readonly PlacementRule[],
  problem: PlacementProblem,
  ends: ReadonlyMap<VmId, HostId | null>,
): RuleViolation | null => {
  const running = problem.vms.filter(({ state }) => state === 'running')
  const after = running.map((vm) => ({ ...vm, host: ends.get(vm.id) ?? (ends.has(vm.id) ? null : vm.host) }))
  const all = running.flatMap(({ id, host }, i): readonly Stay[] =>
    host === null ? [] : [{ vm: id, host, arrival: ends.has(id) ? i : null, departure: null }],
  )
  const broken = brokenRules(rules, {
    problem: { ...problem, vms: after },
    all,
    before: () => false,
    firstOnly: true,
  })
  return broken[0] ?? null
}
