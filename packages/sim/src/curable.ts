/**
 * Is an overload curable? Judged by the world's own arithmetic, with nothing of drover's: a *certificate*
 * is sought, a set of moves after which every host involved fits. Finding one proves curability; not finding one
 * proves nothing, so what is counted as curable truly is.
 */
import { add, dimensions, fits, type Resources, subtract, type VmId } from '@drover/protocol'
import type { VmTruth } from './hypervisor/truth.ts'
import type { World } from './hypervisor/world.ts'

export interface CurableInit {
  readonly world: World
  /** What demand may add up to on a host, for it to count as cured, or to take something in. */
  readonly limit: (host: string) => Resources
  /** Takes part: alive, with an agent that works. */
  readonly able: (host: string) => boolean
  /** May it be moved? Default: whatever can be migrated. */
  readonly movable?: (vm: VmTruth) => boolean
}

export interface Certificate {
  readonly host: string
  readonly moves: readonly { readonly vm: VmId; readonly to: string }[]
}

const demandOf = (vm: VmTruth): Resources => ({ cpuMilli: vm.cpuMilli, memoryMiB: vm.memoryMiB })

/** Several orders in which to try the VMs: few big ones, many small ones, and those between. */
const orders: readonly ((a: VmTruth, b: VmTruth) => number)[] = [
  (a, b) => b.cpuMilli - a.cpuMilli,
  (a, b) => a.cpuMilli - b.cpuMilli,
  (a, b) => b.memoryMiB - a.memoryMiB,
  (a, b) => a.memoryMiB - b.memoryMiB,
]

/** Certificates for as many of the overloaded hosts as this greedy search finds, all valid together. */
export const certificates = (
  overloaded: readonly string[],
  { world, limit, able, movable = () => true }: CurableInit,
): Certificate[] => {
  const demand = (host: string): Resources => {
    const { demand: own } = world.host(host)
    const coming = world.migrations().filter((m) => m.to === host)
    return coming.reduce((total, { vm }) => add(total, demandOf(world.vm(vm))), own)
  }
  const room = new Map<string, Resources>()
  for (const { name, alive } of world.hosts())
    if (alive && able(name) && !overloaded.includes(name)) room.set(name, subtract(limit(name), demand(name)))

  const cure = (host: string, order: (a: VmTruth, b: VmTruth) => number): Certificate | null => {
    const baseline = world.host(host).cpuBaseline
    const left = new Map(room)
    const moves: { vm: VmId; to: string }[] = []
    let now = demand(host)
    const candidates = world
      .host(host)
      .vms.map((vm) => world.vm(vm))
      .filter((vm) => vm.fixed === null && movable(vm))
      .sort(order)
    for (const vm of candidates) {
      if (fits(now, limit(host))) break
      const wanted = demandOf(vm)
      // It must help where the excess is.
      if (!dimensions.some((d) => now[d] > limit(host)[d] && wanted[d] > 0)) continue
      // Best fit: the tightest host that still takes it.
      const [to] = [...left]
        .filter(([name, free]) => fits(wanted, free) && world.host(name).cpuBaseline === baseline)
        // A copy that a broken migration left there is in the way.
        .filter(([name]) => !vm.copies.some(({ host: at }) => at === name))
        .sort(([, a], [, b]) => a.cpuMilli - b.cpuMilli)
      if (to === undefined) continue
      left.set(to[0], subtract(to[1], wanted))
      now = subtract(now, wanted)
      moves.push({ vm: vm.vm, to: to[0] })
    }
    if (!fits(now, limit(host))) return null
    for (const [name, free] of left) room.set(name, free)
    return { host, moves }
  }

  return overloaded
    .filter((host) => world.host(host).alive && able(host))
    .flatMap((host) => {
      for (const order of orders) {
        const certificate = cure(host, order)
        if (certificate !== null) return [certificate]
      }
      return []
    })
}
