/** A data centre drawn from a seed: hosts of one kind in racks, VMs of many sizes, none overloaded to begin with. */
import { asVmId, type Resources, usableOf, type VmId } from '@drover/protocol'
import type { HostSpec, VmSpec } from '../hypervisor/state.ts'
import { type Random, randomOf } from '../random.ts'

export interface LayoutOptions {
  readonly hosts: number
  readonly vmsPerHost: number
  readonly seed: number
  readonly capacity: Resources
  readonly reserve: Resources
  /** Mean CPU demand of the VMs of a host, permille of what is usable. */
  readonly loadPermille: number
}

export interface Layout {
  readonly hosts: readonly (HostSpec & { readonly location: string })[]
  readonly vms: readonly VmSpec[]
}

const hostsPerRack = 8
const roles = ['web', 'db', 'cache', 'queue', 'build', 'mail', 'proxy', 'search'] as const
const memories = [512, 768, 1_024, 1_536] as const
/** No host starts above this share of what is usable: overloads are the test's own doing. */
const startPermilleMax = 850

const uuidOf = (random: Random): VmId => {
  const hex = [0, 1, 2, 3].map(() => random.bits().toString(16).padStart(8, '0')).join('')
  return asVmId(
    `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20)}`,
  )
}

export const layoutOf = (options: LayoutOptions): Layout => {
  const { hosts, vmsPerHost, seed, capacity, reserve, loadPermille } = options
  const usable = usableOf({ capacity, reserve })
  const digits = Math.max(2, String(hosts).length)
  const hostSpecs = Array.from({ length: hosts }, (_, i) => ({
    name: `h${String(i + 1).padStart(digits, '0')}`,
    capacity,
    // Rack and place in it: the ring's order is that of the names.
    location: `rack${String(Math.floor(i / hostsPerRack) + 1).padStart(2, '0')}/u${(i % hostsPerRack) + 1}`,
  }))
  const numbers = new Map<string, number>()
  const vms = hostSpecs.flatMap(({ name: host }, i): VmSpec[] => {
    const random = randomOf(seed, 'layout', i)
    const mean = (usable.cpuMilli * loadPermille) / 1000 / vmsPerHost
    const drawn = Array.from({ length: vmsPerHost }, () => Math.max(50, random.normal(mean, mean / 4)))
    const total = drawn.reduce((a, b) => a + b, 0)
    const shrink = Math.min(1, (usable.cpuMilli * startPermilleMax) / 1000 / total)
    return drawn.map((cpu): VmSpec => {
      const role = random.pick(roles)
      const number = (numbers.get(role) ?? 0) + 1
      numbers.set(role, number)
      const rewritten = random.integer(1, 4) / 10
      return {
        vm: uuidOf(random),
        name: `${role}-${String(number).padStart(2, '0')}`,
        host,
        vcpus: 4,
        autostart: true,
        memoryMiB: random.pick(memories),
        cpuMilli: Math.round(cpu * shrink),
        dirtyMiBps: (granted) => (granted / 1_000) * rewritten * 125,
      }
    })
  })
  return { hosts: hostSpecs, vms }
}
