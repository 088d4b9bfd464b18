/**
 * S3: a VM that starts with its host does so wherever it has moved, and one that does not does not begin to. Judged when all is
 * calm: until then the destination's agent may still be at it. Excused is a VM whose owner has changed autostart while it moved,
 * one of which no journal says it any more, and one of which an administrator let a copy run that no action accounted for: where a
 * journal of another host still says it, only once the VM has moved on before its agent was told.
 */
import type { VmId } from '@drover/protocol'
import type { MigrationEnd, WorldEvent } from '../hypervisor/events.ts'
import type { VmTruth } from '../hypervisor/truth.ts'
import type { AgentEvent } from './agent-feed.ts'
import { createAutostartRecords } from './autostart-records.ts'
import type { HostBook } from './host-book.ts'
import type { Check, Scene } from './scene.ts'

export interface AutostartCheck extends Check {
  judgeAtRest(): void
}

/** So old may be the look that a migration rests on, ms: an owner's change since then is not in it. */
const lookMsMax = 6_000

const lostEnds: ReadonlySet<MigrationEnd> = new Set(['grey', 'split'])

const isMoved = (books: Scene['books'], vm: VmId): boolean =>
  [...books.values()].some(({ open }) => [...open.values()].some((one) => one.vm === vm))

export const createAutostartCheck = ({ world, findings, books, named }: Scene): AutostartCheck => {
  const records = createAutostartRecords()
  /** Their journals were lost or torn since their agents began. */
  const damaged = new Set<HostBook>()
  /** VMs whose autostart was on record in journals that are lost, and in no other. */
  const forgotten = new Set<VmId>()
  /** VMs whose owners changed autostart while they moved, left two copies of them, or chose one that drover did not account for. */
  const disputed = new Set<VmId>()
  /** VMs that an administrator let run at a host whose agent has them on no record. */
  const untold = new Set<VmId>()
  /** When each VM's autostart was last changed by its owner, ms. */
  const changedAt = new Map<VmId, number>()

  /** What was lost with a journal shows when its agent begins anew. */
  const born = (event: Extract<AgentEvent, { readonly kind: 'born' }>, book: HostBook): void => {
    const before = records.of(book)
    records.born(event, book)
    if (damaged.delete(book)) for (const vm of before) if (!records.isOn(vm)) forgotten.add(vm)
  }

  /** True: an agent works by what was so before. */
  const changedByOwner = (vm: VmId, at: number): boolean => {
    changedAt.set(vm, at)
    const tooLate = isMoved(books, vm) || records.isOn(vm)
    if (tooLate) disputed.add(vm)
    return tooLate
  }

  const changed = ({ at, vm, askedAt }: Extract<WorldEvent, { readonly kind: 'autostart-set' }>): void => {
    forgotten.delete(vm)
    if (askedAt !== null) {
      // What an agent had asked for before, and its hypervisor had not read: nothing takes such a request back.
      if (askedAt <= (changedAt.get(vm) ?? Number.NEGATIVE_INFINITY)) disputed.add(vm)
      untold.delete(vm)
      return
    }
    if (!changedByOwner(vm, at)) disputed.delete(vm)
  }

  /** A copy that a migration left paused there: nothing but what is on record may give the VM its autostart. */
  const letRunByHand = (vm: VmId, host: string): void => {
    const copy = world.vm(vm).copies.find((one) => one.host === host)
    if (copy?.pausedBy !== 'migration') return
    const book = named(host)
    if (book === null || !records.isOn(vm, book.id)) disputed.add(vm)
    else if (!records.isOn(vm, book.id, [book])) untold.add(vm)
  }

  const breachOf = ({ vm, name, autostart, copies }: VmTruth): string | null => {
    const [copy] = copies
    if (copy === undefined || copies.length > 1 || copy.autostart === autostart) return null
    if (copy.state !== 'running' && copy.state !== 'paused') return null
    // Its agent and its hypervisor are there to do it.
    if (named(copy.host)?.alive !== true || world.host(copy.host).daemon !== 'up') return null
    if (forgotten.has(vm) || disputed.has(vm)) return null
    return `${name} ${autostart ? 'starts with its host no more' : 'starts with its host now'}, since it is on ${copy.host}`
  }

  return {
    agent(event, book) {
      if (event.kind === 'born') born(event, book)
      if (event.kind === 'journal' && event.damage !== 'unwritten') damaged.add(book)
      if (event.kind === 'written') {
        records.written(event.record, book)
        if (event.record.kind === 'opened' && records.isOn(event.record.open.vm))
          forgotten.delete(event.record.open.vm)
      }
      if (event.kind !== 'effect' || event.effect.kind !== 'perform') return
      const { vm } = event.effect.operation
      if (world.clock.now() - (changedAt.get(vm) ?? Number.NEGATIVE_INFINITY) <= lookMsMax) disputed.add(vm)
    },
    world(event) {
      if (event.kind === 'autostart-set') changed(event)
      if (event.kind === 'by-hand' && event.what === 'resume') letRunByHand(event.vm, event.host)
      if (event.kind !== 'migration-ended') return
      if (event.end === 'moved' && untold.delete(event.migration.vm)) disputed.add(event.migration.vm)
      // Its owner moved it, and hypervisors lost how that ended.
      if (!event.migration.byHand) return
      if (lostEnds.has(event.end)) disputed.add(event.migration.vm)
      // It carries no autostart, as none does: an agent that owes it still gives it back.
      if (event.end === 'moved') changedByOwner(event.migration.vm, event.at)
    },
    judgeAtRest() {
      for (const vm of world.vms()) {
        const breach = breachOf(vm)
        if (breach !== null) findings.once(`autostart ${vm.vm}`, 'S3', breach)
      }
    },
  }
}
