/** S9 and Q2: a migration begins only where there is room for all that was promised, and not too many at once. */
import { dimensions, limits, type Resources, type VmId } from '@drover/protocol'
import { running } from './copies-check.ts'
import type { Check, Scene } from './scene.ts'

export interface AdmissionLimits {
  readonly migrationsOutMax: number
  readonly migrationsInMax: number
  /** How old the measurement behind an admission may be, ms. */
  readonly staleMs: number
}

interface Demanded {
  readonly at: number
  readonly demand: Resources
}

/** The least that any measurement of the last `staleMs` could have said of a VM that wants `now`. */
const lowest = (
  past: readonly Demanded[],
  now: Resources,
  since: number,
  dimension: keyof Resources,
): number => {
  const from = past.findLastIndex((entry) => entry.at <= since)
  return past
    .slice(Math.max(0, from))
    .reduce((least, { demand }) => Math.min(least, demand[dimension]), now[dimension])
}

/**
 * When each VM last moved. What is known of a VM that moves, or has just arrived, is from before its move: nothing measures it on its
 * way. A promise may rest on that for `limits.demandAgeMsMax`.
 */
const createMotions = () => {
  const motions = new Map<VmId, { readonly from: number; readonly to: number }>()
  return {
    ended: (vm: VmId, from: number, to: number): void => void motions.set(vm, { from, to }),
    measuredSince(vm: VmId, since: number): number {
      const motion = motions.get(vm)
      if (motion === undefined || motion.to < since) return since
      return Math.min(since, Math.max(motion.from, since - limits.demandAgeMsMax))
    },
  }
}

export const createAdmissionCheck = (
  { world, findings, usable }: Pick<Scene, 'world' | 'findings' | 'usable'>,
  { migrationsOutMax, migrationsInMax, staleMs }: AdmissionLimits,
): Check => {
  const demands = new Map<VmId, Demanded[]>()

  const remember = (id: VmId, { cpuMilli, memoryMiB }: Resources): void => {
    const now = world.clock.now()
    const past = demands.get(id) ?? []
    // Keep one entry from before the window: it says what held when the window began.
    while (past.length > 1 && (past[1]?.at ?? now) < now - limits.demandAgeMsMax - limits.lateStartMs)
      past.shift()
    past.push({ at: now, demand: { cpuMilli, memoryMiB } })
    demands.set(id, past)
  }

  /** VMs that move, or have moved, though no host expected it, and since when. */
  const unexpected = new Map<VmId, number>()
  /** What no host expected may have begun when this was already promised. */
  const isForeseeable = (vm: VmId): boolean => world.clock.now() - (unexpected.get(vm) ?? -Infinity) > staleMs
  /** When a hypervisor was last asked to move the VM from there. It may read that late. */
  const asked = new Map<string, number>()
  const motions = createMotions()
  /** The least that this host's agent could know of it: nothing, when its hypervisor has lied about it. */
  const leastOf = (id: VmId, asOf: number, dimension: keyof Resources): number => {
    const vm = world.vm(id)
    const since = motions.measuredSince(id, asOf)
    if (vm.misreadAt !== null && vm.misreadAt >= since) return 0
    return lowest(demands.get(id) ?? [], vm, since, dimension)
  }

  /** The room was promised when the request was made, on a measurement from before. */
  const judgeRoom = (id: VmId, host: string, askedAt: number): void => {
    const truth = world.host(host)
    const since = askedAt - staleMs
    const coming = world.migrations().filter((m) => m.to === host && isForeseeable(m.vm))
    for (const dimension of dimensions) {
      const own = truth.vms
        .filter(isForeseeable)
        .filter((vm) => dimension !== 'cpuMilli' || running(world.vm(vm).copies).some((c) => c.host === host))
      // One that has arrived, and whose source does not know it yet, is both.
      const all = new Set([...own, ...coming.map((m) => m.vm)])
      let total = 0
      for (const vm of all) total += leastOf(vm, since, dimension)
      const room = usable(host)[dimension]
      if (total > room)
        findings.tell(
          'S9',
          `${world.vm(id).name} was let in by ${host}: ${total} of ${room} ${dimension} usable, counting all promised`,
        )
    }
  }

  const judgeBudget = (host: string): void => {
    const all = world.migrations().filter((m) => isForeseeable(m.vm))
    const out = all.filter((m) => m.from === host).length
    const into = all.filter((m) => m.to === host).length
    if (out > migrationsOutMax)
      findings.tell('Q2', `${out} migrations leave ${host} at once, ${migrationsOutMax} allowed`)
    if (into > migrationsInMax)
      findings.tell('Q2', `${into} migrations enter ${host} at once, ${migrationsInMax} allowed`)
  }

  for (const vm of world.vms()) remember(vm.vm, vm)
  return {
    agent(event, { name }) {
      if (event.kind !== 'effect' || event.effect.kind !== 'perform') return
      const { operation } = event.effect
      if (operation.kind === 'migrate') asked.set(`${name} ${operation.vm}`, world.clock.now())
    },
    world(event) {
      if (event.kind === 'demand') remember(event.vm, event)
      if (event.kind === 'vm' && !demands.has(event.vm)) remember(event.vm, world.vm(event.vm))
      const now = world.clock.now()
      if (event.kind === 'migration-ended') motions.ended(event.migration.vm, event.migration.startedAt, now)
      if (event.kind !== 'migration-started') return
      const { vm, from, to } = event.migration
      const askedAt = asked.get(`${from} ${vm}`) ?? now
      asked.delete(`${from} ${vm}`)
      // Its owner answers for that; and a request that is read later than any promise lasts is outside the model (docs/adr/012).
      if (event.migration.byHand || now - askedAt > limits.lateStartMs) return void unexpected.set(vm, now)
      unexpected.delete(vm)
      judgeRoom(vm, to, askedAt)
      judgeBudget(from)
      judgeBudget(to)
    },
  }
}
