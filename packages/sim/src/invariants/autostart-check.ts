/**
 * S3: a VM that starts with its host does so wherever it has moved, and one that does not does not begin to. Judged when all is
 * calm: until then the destination's agent may still be at it. Excused is a VM whose owner has changed autostart while it moved,
 * one of which no journal says it any more, and one of which an administrator let a copy run that no action accounted for.
 */
import type { HostId, JournalRecord, VmId } from '@drover/protocol'
import type { MigrationEnd, WorldEvent } from '../hypervisor/events.ts'
import type { VmTruth } from '../hypervisor/truth.ts'
import type { AgentEvent } from './agent-feed.ts'
import type { HostBook } from './host-book.ts'
import type { Check, Scene } from './scene.ts'

export interface AutostartCheck extends Check {
  judgeAtRest(): void
}

/** A VM that is to start with this host, to which it is moved. */
interface Owed {
  readonly vm: VmId
  readonly to: HostId
}

/** What one host has on record of such VMs, by what the record is about. */
type Held = Map<string, Owed>

/** So old may be the look that a migration rests on, ms: an owner's change since then is not in it. */
const lookMsMax = 6_000

const lostEnds: ReadonlySet<MigrationEnd> = new Set(['grey', 'split'])

/** Applies a record of the host `self`; what it says no more is gone on purpose. */
const write = (held: Held, self: HostId, record: JournalRecord): void => {
  switch (record.kind) {
    case 'opened': {
      const { open } = record
      if ('autostart' in open && open.autostart === true)
        held.set(`open ${open.action}`, { vm: open.vm, to: open.kind === 'departure' ? open.peer : self })
      return
    }
    case 'closed':
      held.delete(`open ${record.action}`)
      if (record.duty?.autostart === true)
        held.set(`duty ${record.action}`, { vm: record.vm, to: record.duty.peer })
      return
    case 'discharged':
      return void held.delete(`duty ${record.action}`)
    case 'autostart-owed':
      return void held.set(`owed ${record.vm}`, { vm: record.vm, to: self })
    case 'autostart-set':
      return void held.delete(`owed ${record.vm}`)
    default:
      return
  }
}

const heldFrom = ({ restored }: Extract<AgentEvent, { readonly kind: 'born' }>, self: HostId): Held => {
  const held: Held = new Map()
  for (const open of restored.open) write(held, self, { kind: 'opened', open })
  for (const { action, vm, peer, autostart } of restored.duties)
    if (autostart === true) held.set(`duty ${action}`, { vm, to: peer })
  for (const owed of restored.autostarts) write(held, self, { kind: 'autostart-owed', ...owed })
  return held
}

const isMoved = (books: Scene['books'], vm: VmId): boolean =>
  [...books.values()].some(({ open }) => [...open.values()].some((one) => one.vm === vm))

export const createAutostartCheck = ({ world, findings, books, named }: Scene): AutostartCheck => {
  const records = new Map<HostBook, Held>()
  /** Their journals were lost or torn since their agents began. */
  const damaged = new Set<HostBook>()
  /** VMs whose autostart was on record in journals that are lost, and in no other. */
  const forgotten = new Set<VmId>()
  /** VMs whose owners changed autostart while they moved, left two copies of them, or chose one that drover did not account for. */
  const disputed = new Set<VmId>()
  /** When each VM's autostart was last changed by its owner, ms. */
  const changedAt = new Map<VmId, number>()

  const heldBy = (book: HostBook): Held => {
    const held: Held = records.get(book) ?? new Map()
    records.set(book, held)
    return held
  }
  /** On a journal's record; `to`: as one that moves to this host. */
  const isOnRecord = (vm: VmId, to?: HostId): boolean =>
    [...records.values()].some((held) =>
      [...held.values()].some((one) => one.vm === vm && (to === undefined || one.to === to)),
    )

  /** What was lost with a journal shows when its agent begins anew. */
  const born = (event: Extract<AgentEvent, { readonly kind: 'born' }>, book: HostBook): void => {
    const before = new Set([...heldBy(book).values()].map(({ vm }) => vm))
    records.set(book, heldFrom(event, book.id))
    if (damaged.delete(book)) for (const vm of before) if (!isOnRecord(vm)) forgotten.add(vm)
  }

  /** True: an agent works by what was so before. */
  const changedByOwner = (vm: VmId, at: number): boolean => {
    changedAt.set(vm, at)
    const tooLate = isMoved(books, vm) || isOnRecord(vm)
    if (tooLate) disputed.add(vm)
    return tooLate
  }

  const changed = ({ at, vm, askedAt }: Extract<WorldEvent, { readonly kind: 'autostart-set' }>): void => {
    forgotten.delete(vm)
    if (askedAt !== null) {
      // What an agent had asked for before, and its hypervisor had not read: nothing takes such a request back.
      if (askedAt <= (changedAt.get(vm) ?? Number.NEGATIVE_INFINITY)) disputed.add(vm)
      return
    }
    if (!changedByOwner(vm, at)) disputed.delete(vm)
  }

  /** A migration left it paused there, and no record says that the VM moves there. */
  const isLeftBehind = (vm: VmId, host: string): boolean => {
    const copy = world.vm(vm).copies.find((one) => one.host === host)
    const id = named(host)?.id
    return copy?.pausedBy === 'migration' && (id === undefined || !isOnRecord(vm, id))
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
        write(heldBy(book), book.id, event.record)
        if (event.record.kind === 'opened' && isOnRecord(event.record.open.vm))
          forgotten.delete(event.record.open.vm)
      }
      if (event.kind !== 'effect' || event.effect.kind !== 'perform') return
      const { vm } = event.effect.operation
      if (world.clock.now() - (changedAt.get(vm) ?? Number.NEGATIVE_INFINITY) <= lookMsMax) disputed.add(vm)
    },
    world(event) {
      if (event.kind === 'autostart-set') changed(event)
      if (event.kind === 'by-hand' && event.what === 'resume' && isLeftBehind(event.vm, event.host))
        disputed.add(event.vm)
      // Its owner moved it, and hypervisors lost how that ended.
      if (event.kind !== 'migration-ended' || !event.migration.byHand) return
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
