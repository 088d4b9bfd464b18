/** S9 and Q2: a migration begins only where there is room for all that was promised, and not too many at once. */
import { dimensions, type Resources, type VmId } from '@drover/protocol'
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

export const createAdmissionCheck = (
  { world, findings, usable }: Pick<Scene, 'world' | 'findings' | 'usable'>,
  { migrationsOutMax, migrationsInMax, staleMs }: AdmissionLimits,
): Check => {
  const demands = new Map<VmId, Demanded[]>()

  const remember = (id: VmId, { cpuMilli, memoryMiB }: Resources): void => {
    const now = world.clock.now()
    const past = demands.get(id) ?? []
    // Keep one entry from before the window: it says what held when the window began.
    while (past.length > 1 && (past[1]?.at ?? now) < now - staleMs) past.shift()
    past.push({ at: now, demand: { cpuMilli, memoryMiB } })
    demands.set(id, past)
  }

  /** VMs that an operator moves, or has moved, and since when. */
  const byHand = new Map<VmId, number>()
  /** What an operator began lately may have begun when this was already promised. */
  const isForeseeable = (vm: VmId): boolean => world.clock.now() - (byHand.get(vm) ?? -Infinity) > staleMs
  /** The least that this host's agent could know of it: nothing, when its hypervisor has lied about it. */
  const leastOf = (id: VmId, since: number, dimension: keyof Resources): number => {
    const vm = world.vm(id)
    if (vm.misreadAt !== null && vm.misreadAt >= since) return 0
    return lowest(demands.get(id) ?? [], vm, since, dimension)
  }

  const judgeRoom = (id: VmId, host: string): void => {
    const truth = world.host(host)
    const since = world.clock.now() - staleMs
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
    world(event) {
      if (event.kind === 'demand') remember(event.vm, event)
      if (event.kind === 'vm' && !demands.has(event.vm)) remember(event.vm, world.vm(event.vm))
      if (event.kind !== 'migration-started') return
      const { vm, from, to } = event.migration
      // Its owner answers for that.
      if (event.migration.byHand) return void byHand.set(vm, world.clock.now())
      byHand.delete(vm)
      judgeRoom(vm, to)
      judgeBudget(from)
      judgeBudget(to)
    },
  }
}
