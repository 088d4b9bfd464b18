/** Maps the answers of the hypervisor to the inputs of the core. Pure. */

import type { Labelled } from '@drover/placement'
import {
  type AnyCode,
  byText,
  codeFrom,
  type HostDescription,
  type IncomingJob,
  limits,
  type ObservedVm,
  type OutgoingJob,
  type Resources,
  resources,
  scale,
  usableOf,
} from '@drover/protocol'
import type { Settings } from './config/settings.ts'
import type { HostFacts, RunningJob, Sample, VmSample } from './hypervisor/hypervisor-port.ts'

/** Kept free for the host itself when nothing is configured: 20 % of the CPU; 2 GiB or 5 % of the memory, the greater. */
const reserveCpuPermille = 200
const reserveMemoryPermille = 50
const reserveMemoryMiBMin = 2_048
/** But never more than half: a small host would otherwise have nothing to offer. */
const reservePermilleMax = 500

export const defaultReserve = (capacity: Resources): Resources => {
  const half = scale(capacity, reservePermilleMax)
  const wanted: Resources = {
    cpuMilli: scale(capacity, reserveCpuPermille).cpuMilli,
    memoryMiB: Math.max(reserveMemoryMiBMin, scale(capacity, reserveMemoryPermille).memoryMiB),
  }
  return resources((dimension) => Math.min(wanted[dimension], half[dimension]))
}

export const describeHost = (facts: HostFacts, settings: Settings, version: string): HostDescription => {
  const capacity = overridden(facts.capacity, settings.capacity)
  return {
    name: settings.host.name,
    location: settings.host.location,
    capacity,
    reserve: overridden(defaultReserve(capacity), settings.reserve),
    cpuBaseline: facts.cpuBaseline.slice(0, limits.textCharsMax),
    failureDomain: settings.host.failureDomain,
    migrationUri: settings.hypervisor.migrationUri ?? facts.migrationUri,
    version,
  }
}

const overridden = (told: Resources, configured: Partial<Resources>): Resources =>
  resources((dimension) => Math.max(0, Math.floor(configured[dimension] ?? told[dimension])))

/** Sorted by id; amounts are whole numbers, as the core wants them. */
export const observedVms = (sample: Sample): readonly ObservedVm[] =>
  sample.vms.map(observedVm).sort((a, b) => byText(a.vm, b.vm))

/** Decoders of UTF-8 drop a byte order mark at the beginning of a text: a name must be the same before and after the wire. */
const unmarked = (name: string): string => name.replace(/^\uFEFF+/, '')

/** Whatever the driver says: a text that others would not read makes the whole host unheard. */
const clipped = (text: string): string => text.slice(0, limits.proseCharsMax).toWellFormed()

/** An amount, or null for a number that cannot be one, or that no other agent reads. Unknown is not zero. */
const amount = (told: number | null): number | null =>
  told !== null && told >= 0 && told <= limits.amountMax ? told : null
const rounded = (told: number | null): number | null => (told === null ? null : Math.round(told))

const observedVm = (one: VmSample): ObservedVm => ({
  vm: one.vm,
  name: unmarked(clipped(one.name)),
  state: one.state,
  pausedBy: one.pausedBy ?? null,
  incarnation: one.incarnation,
  cpuMilli: rounded(amount(one.cpuMilli)),
  vcpus: Math.floor(amount(one.vcpus) ?? 0),
  memoryMiB: Math.ceil(amount(one.memoryMiB) ?? 0),
  dirtyMiBps: rounded(amount(one.dirtyMiBps)),
  fixed: fixedBecause(one),
  diskLocked: one.diskLocked,
  autostart: one.autostart === true,
  ...labelsIn(one.settings['labels']),
})

/** Words, parted by spaces or commas. */
const labelsIn = (text: string | undefined): Labelled => {
  const words = (text ?? '')
    .split(/[\s,]+/)
    .filter((word) => word !== '' && word.length <= limits.labelCharsMax)
  const labels = [...new Set(words.map(unmarked))].sort(byText).slice(0, limits.vmLabelsMax)
  return labels.length === 0 ? {} : { labels }
}

/** Why a VM stays: what the hypervisor cannot do comes before what its owner does not want. */
const fixedBecause = (one: VmSample): AnyCode | null => {
  if (!one.migratable.movable) return codeFrom(one.migratable.code)
  if (isYes(one.settings['pinned'])) return 'vm.pinned'
  if (one.settings['balance'] === 'never') return 'vm.ignored'
  return null
}

const isYes = (text: string | undefined): boolean => text === 'true' || text === 'yes' || text === '1'

/** What the host may give to VMs; null until its facts are known. */
export const usableWhenKnown = (description: HostDescription | null): Resources | null =>
  description === null ? null : usableOf(description)

/** What the core is told of the running migrations: sorted, each VM once in each direction. */
export const jobsTold = (
  jobs: readonly RunningJob[],
): { readonly outgoing: readonly OutgoingJob[]; readonly incoming: readonly IncomingJob[] } => {
  const going = (direction: RunningJob['direction']) => {
    const each = new Map(jobs.filter((job) => job.direction === direction).map((job) => [job.vm, job]))
    return [...each.values()].sort((a, b) => byText(a.vm, b.vm))
  }
  return {
    outgoing: going('outgoing').map(({ vm, sentMiB }) => ({
      vm,
      sentMiB: sentMiB === null ? null : Math.max(0, Math.round(sentMiB)),
    })),
    incoming: going('incoming').map(({ vm, memoryMiB, vcpus }) => ({ vm, memoryMiB, vcpus })),
  }
}
