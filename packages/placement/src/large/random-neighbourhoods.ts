/**
 * Large neighbourhood search (Shaw 1998) around the hosts in question: some of those, hosts that their VMs went
 * to, and others at random. What one host lacks or gives away too much often waits for room that another one took.
 */
import { isSpent, type RepairState, searchHosts } from './repair-state.ts'

/** Many short looks at random find more than a few long ones. */
const nodesPerTry = 200
/** Tries without success before it gives up, per host in question. */
const patienceWithOverload = 100
const patienceWithCost = 20

/** Around overloaded hosts. */
export const searchOverloads = (s: RepairState): void =>
  searchAtRandom(s, () => hostsThat(s, (h) => s.assignment.overloaded(h)), patienceWithOverload)

/** Around hosts that give away more than they must. */
export const searchCosts = (s: RepairState): void =>
  searchAtRandom(s, () => hostsGivingTooMuch(s), patienceWithCost)

const searchAtRandom = (s: RepairState, questionable: () => readonly number[], patience: number): void => {
  let hosts = questionable()
  let touched = touchedHosts(s)
  let failed = 0
  while (hosts.length > 0 && failed < patience * hosts.length && !isSpent(s)) {
    if (searchHosts(s, chooseHosts(s, hosts, touched), [], nodesPerTry)) {
      failed = 0
      hosts = questionable()
      touched = touchedHosts(s)
    } else failed++
  }
}

const chooseHosts = (
  s: RepairState,
  hosts: readonly number[],
  touched: readonly number[],
): readonly number[] => {
  const { random } = s.options
  const { at, model } = s.assignment
  const size = 6 + random.below(12)
  const chosen = new Set<number>()
  for (let k = 0; k < 3; k++) {
    const h = hosts[random.below(hosts.length)]!
    chosen.add(h)
    for (const v of leaversOf(s, h)) if (random.below(2) === 0) chosen.add(at[v]!)
  }
  // Room on a host that is touched already costs less than the same elsewhere.
  for (let k = 0; chosen.size < size && k < 4 * size; k++)
    chosen.add(
      k % 2 === 0 || touched.length === 0
        ? random.below(model.hostCount)
        : touched[random.below(touched.length)]!,
    )
  return [...chosen].slice(0, size)
}

/** VMs that have left the host. */
const leaversOf = ({ assignment }: RepairState, h: number): readonly number[] =>
  assignment.homeVms[h]!.filter((v) => assignment.at[v] !== h && assignment.at[v]! >= 0)

const hostsThat = ({ assignment }: RepairState, is: (h: number) => boolean): readonly number[] =>
  Array.from({ length: assignment.model.hostCount }, (_, h) => h).filter(is)

const touchedHosts = (s: RepairState): readonly number[] => {
  const { vmsOn, moved } = s.assignment
  return hostsThat(s, (h) => leaversOf(s, h).length > 0 || vmsOn[h]!.some(moved))
}

/** Whose VMs elsewhere cost more than the covering bound of the host. */
const hostsGivingTooMuch = (s: RepairState): readonly number[] => {
  const { at, homeVms, model } = s.assignment
  const { vmCount, hostCount, dims, demand, home, active, fixed, domain, moveMs } = model
  const status = new Uint8Array(vmCount)
  for (let v = 0; v < vmCount; v++)
    if (active[v] === 0 || fixed[v] === 1 || home[v]! < 0 || domain[v]![home[v]!] === 0) status[v] = 1
  const whole = new Float64Array(hostCount * dims)
  for (let h = 0; h < hostCount; h++)
    for (const v of homeVms[h]!)
      if (fixed[v] === 1 || domain[v]![h] === 1)
        for (let d = 0; d < dims; d++) whole[h * dims + d]! += demand[v * dims + d]!
  return hostsThat(s, (h) => {
    let paid = 0
    for (const v of homeVms[h]!) if (status[v] === 0 && at[v] !== h && at[v]! >= 0) paid += moveMs[v]!
    return paid > 0 && paid > s.space.covering.bound(h, whole, status, 0, null)
  })
}
