/**
 * S9 by what the agent itself was told: a host lets a VM in where there is room beside the least that its hypervisor has said of its VMs in
 * the last samples, and all that it has promised. `admission-check.ts` asks the world, which the agent may know some time later.
 */
import {
  type ActionId,
  dimensions,
  type HostId,
  limits,
  type ObservedVm,
  type OpenMigration,
  type Resources,
  resources,
  type VmId,
} from '@drover/protocol'
import type { AgentEvent } from './agent-feed.ts'
import type { HostBook } from './host-book.ts'
import type { Check, Scene } from './scene.ts'

/** One wrong answer of a hypervisor is not believed, nor is the first that tells of something new. */
const samplesBelieved = 4

interface Known {
  /** The newest last. */
  samples: (readonly ObservedVm[])[]
  /** Promised, by its action. */
  readonly promised: Map<ActionId, OpenMigration>
  /** They came on a promise; `samples`: so many have shown each since. */
  readonly arrived: Map<VmId, { readonly demand: Resources; samples: number }>
  /** They leave, or have left and were still shown by the last sample. */
  readonly leaving: Map<VmId, 'leaves' | 'gone'>
  /** What it is asked to let in, in this step. */
  asked: ActionId | null
}

const nothingKnown = (): Known => ({
  samples: [],
  promised: new Map(),
  arrived: new Map(),
  leaving: new Map(),
  asked: null,
})

/** What an agent believes of one answer, or less; null: it says nothing. */
const told = (vm: ObservedVm, dimension: keyof Resources): number | null => {
  if (dimension === 'memoryMiB')
    return vm.memoryMiB > 0 && vm.memoryMiB <= limits.amountMax ? vm.memoryMiB : null
  if (vm.state !== 'running') return 0
  const most = vm.vcpus * 1_000
  if (vm.cpuMilli === null || !(vm.cpuMilli >= 0) || vm.cpuMilli > most) return null
  return vm.cpuMilli
}

/** The least of the last samples; less than these are nothing, unless the VM came on a promise. */
const leastOf = ({ samples, arrived }: Known, vm: VmId, dimension: keyof Resources): number => {
  const promise = arrived.get(vm)
  const last = samples.slice(-samplesBelieved)
  const counted =
    promise === undefined ? last : last.slice(last.length - Math.min(promise.samples, last.length))
  if (promise === undefined && last.length < samplesBelieved) return 0
  const known = promise?.demand[dimension] ?? 0
  const all = counted.map((sample) => {
    const seen = sample.find((one) => one.vm === vm)
    return seen === undefined ? 0 : (told(seen, dimension) ?? known)
  })
  return Math.min(...all, ...(promise === undefined ? [] : [known]))
}

const usedOf = (known: Known): Resources => {
  const here = new Set([...(known.samples.at(-1) ?? []).map(({ vm }) => vm), ...known.arrived.keys()])
  for (const vm of known.leaving.keys()) here.delete(vm)
  const coming = [...known.promised.values()].filter(({ vm }) => !here.has(vm))
  return resources((d) => {
    let sum = 0
    for (const vm of here) sum += leastOf(known, vm, d)
    for (const { demand } of coming) sum += demand[d]
    return sum
  })
}

const sampled = (known: Known, vms: readonly ObservedVm[]): void => {
  known.samples = [...known.samples.slice(1 - samplesBelieved), vms]
  const here = new Set(vms.map(({ vm }) => vm))
  for (const [vm, one] of known.arrived)
    if (!here.has(vm)) known.arrived.delete(vm)
    else if (one.samples < samplesBelieved) one.samples += 1
    else known.arrived.delete(vm)
  for (const [vm, how] of known.leaving) if (how === 'gone' && !here.has(vm)) known.leaving.delete(vm)
}

type Record = Extract<Extract<AgentEvent, { kind: 'effect' }>['effect'], { kind: 'persist' }>['record']

const closes = ({ promised, arrived, leaving }: Known, record: Extract<Record, { kind: 'closed' }>): void => {
  const { action, vm, end, result } = record
  if (end === 'departure') {
    if (result.kind === 'done') leaving.set(vm, 'gone')
    else leaving.delete(vm)
  }
  const promise = promised.get(action)
  promised.delete(action)
  if (promise === undefined || result.kind !== 'done') return
  leaving.delete(vm)
  arrived.set(vm, { demand: promise.demand, samples: 0 })
}

export const createToldRoomCheck = ({ findings, usable }: Pick<Scene, 'findings' | 'usable'>): Check => {
  const all = new Map<HostId, Known>()
  const knownOf = ({ id }: HostBook): Known => {
    const known = all.get(id) ?? nothingKnown()
    all.set(id, known)
    return known
  }

  const letsIn = (known: Known, { name }: HostBook, open: OpenMigration): void => {
    const used = usedOf(known)
    const room = usable(name)
    for (const d of dimensions) {
      const total = used[d] + open.demand[d]
      if (open.demand[d] > 0 && total > room[d])
        findings.tell(
          'S9',
          `${name} lets ${open.name} in by ${open.action}: ${total} of ${room[d]} ${d} usable, by what it was told`,
        )
    }
  }

  const writes = (known: Known, book: HostBook, record: Record): void => {
    if (record.kind === 'closed') return closes(known, record)
    if (record.kind !== 'opened') return
    const { open } = record
    if (open.kind === 'departure') known.leaving.set(open.vm, 'leaves')
    if (open.kind !== 'arrival') return
    if (known.asked === open.action) letsIn(known, book, open)
    known.promised.set(open.action, open)
  }

  return {
    agent(event, book) {
      const known = knownOf(book)
      switch (event.kind) {
        case 'born':
          all.set(book.id, nothingKnown())
          for (const open of event.restored.open)
            if (open.kind === 'departure') knownOf(book).leaving.set(open.vm, 'leaves')
          return
        case 'input': {
          const { input } = event
          const message = input.kind === 'received' ? input.message : null
          known.asked = message?.kind === 'admit' ? message.action : null
          if (input.kind === 'observed') sampled(known, input.vms)
          return
        }
        case 'effect':
          if (event.effect.kind === 'persist') writes(known, book, event.effect.record)
          return
      }
    },
  }
}
