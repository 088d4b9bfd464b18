/** Makes hosts busy, and quiet again: no other code changes demands in the harness. */
import type { Resources, VmId } from '@drover/protocol'
import type { World } from '../hypervisor/world.ts'
import type { Random } from '../random.ts'

export interface OverloadOptions {
  /** The host's demand afterwards, permille of what is usable. Default 1150. */
  readonly toPermille?: number
  /** How many VMs grow, at first; more where these do not suffice. Default 3. */
  readonly vms?: number
  /** No VM grows beyond this, cpuMilli: it still has to fit somewhere. Default a third of what is usable. */
  readonly vmCpuMilliMax?: number
}

export interface Workload {
  /**
   * Raises the CPU demand of some VMs of a host until it is overloaded; returns them. Throws RangeError when its VMs
   * cannot want that much.
   */
  overload(host: string, options?: OverloadOptions): readonly VmId[]
  /** Puts the demands back to what they were before `overload`; all of them, or those of one host's VMs. */
  relax(host?: string): void
}

export const createWorkload = (
  world: World,
  usable: (host: string) => Resources,
  random: Random,
): Workload => {
  const before = new Map<VmId, number>()
  return {
    overload(host, options = {}) {
      const room = usable(host).cpuMilli
      const { toPermille = 1_150, vms = 3, vmCpuMilliMax = Math.floor(room / 3) } = options
      const target = Math.ceil((room * toPermille) / 1_000)
      // Those that arrive count already: they will be there when the demand is measured.
      const order = random.shuffle(world.host(host).vms.filter((id) => world.vm(id).fixed === null))
      const grown: VmId[] = []
      let missing = target - world.host(host).demand.cpuMilli
      for (const [i, id] of order.entries()) {
        if (missing <= 0) break
        const { cpuMilli } = world.vm(id)
        const share = Math.ceil(missing / Math.max(1, Math.min(vms, order.length) - i))
        const wanted = Math.max(cpuMilli, Math.min(cpuMilli + share, vmCpuMilliMax))
        if (!before.has(id)) before.set(id, cpuMilli)
        world.setCpu(id, wanted)
        const grewBy = world.vm(id).cpuMilli - cpuMilli
        if (grewBy > 0) grown.push(id)
        missing -= grewBy
      }
      if (missing > 0) throw new RangeError(`the VMs of ${host} cannot want ${missing} cpuMilli more`)
      return grown
    },
    relax(host) {
      for (const [id, cpuMilli] of before) {
        if (host !== undefined && !world.host(host).vms.includes(id)) continue
        world.setCpu(id, cpuMilli)
        before.delete(id)
      }
    },
  }
}
