/**
 * Repair by large neighbourhood search of an assignment of a data centre in which something is wrong: a VM without a
 * place, a violated rule, an overload, a host that gives away more than it must. First an ejection chain: a place is made
 * by sending one VM on to a third host. Then an exact search over the few hosts concerned and those with most room for
 * what must leave (neighbourhood.ts), and over many others at random. Only what is better is kept, so the result is
 * locally optimal as far as the effort goes.
 */

import type { SearchSpace } from '../exact/search-state.ts'
import type { Assignment } from '../model/assignment.ts'
import { placeUnplaced } from './place-unplaced.ts'
import { searchCosts, searchOverloads } from './random-neighbourhoods.ts'
import { createRepairState, isSpent, type LnsRepairOptions, type RepairState } from './repair-state.ts'
import { satisfyRules } from './satisfy-rules.ts'
import { searchAround } from './search-around.ts'

/** Changes the assignment. */
export const lnsRepair = (space: SearchSpace, assignment: Assignment, options: LnsRepairOptions): void => {
  const s = createRepairState(space, assignment, options)
  placeUnplaced(s)
  satisfyRules(s, true)
  relieveOverloads(s)
  searchOverloads(s)
  satisfyRules(s, false)
  moveHome(assignment)
  searchCosts(s)
}

const relieveOverloads = (s: RepairState): void => {
  const { model, vmsOn, overloaded } = s.assignment
  for (let h = 0; h < model.hostCount && !isSpent(s); h++) {
    if (!overloaded(h)) continue
    const leavers = vmsOn[h]!.filter((v) => model.fixed[v] === 0)
    if (leavers.length > 0) searchAround(s, [h], leavers)
  }
}

/** No VM is away from home without need. */
const moveHome = ({ at, load, assign, model, violatesHard, violatesSoft }: Assignment): void => {
  const { vmCount, dims, demand, limit, home, active, domain } = model
  for (let v = 0; v < vmCount; v++) {
    const h = home[v]!
    if (active[v] === 0 || h < 0 || at[v] === h || domain[v]![h] === 0) continue
    let burden = false
    for (let d = 0; d < dims; d++) {
      const i = h * dims + d
      if (demand[v * dims + d]! > 0 && load[i]! + demand[v * dims + d]! > limit[i]!) burden = true
    }
    if (!burden && !violatesHard(v, h) && !violatesSoft(v, h)) assign(v, h)
  }
}
