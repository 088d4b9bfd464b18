/**
 * S12, S9: a migration begins only while both ends still answer for it. A source that has called it settled, or a destination that
 * has taken its promise for unused, was too early: the request to begin may be read as late as that (docs/adr/012).
 */
import { limits, type VmId } from '@drover/protocol'
import type { HostBook } from './host-book.ts'
import type { Check, Scene } from './scene.ts'

/** How the journal names the two ends of a migration. */
type End = 'departure' | 'arrival'

export const createUnrecordedCheck = ({ world, findings, named }: Scene): Check => {
  /** When an agent last asked for the migration of that VM from that host. */
  const asked = new Map<string, number>()
  /** When each host last lost records: what it has forgotten it cannot answer for. */
  const forgot = new Map<HostBook, number>()

  const answers = (book: HostBook, end: End, vm: VmId): boolean =>
    [...book.open.values()].some((open) => open.kind === end && open.vm === vm)

  const judge = (host: string, end: End, vm: VmId, askedAt: number): void => {
    const book = named(host)
    // Its record is from before the request, which no journal tells the time of: what was lost a while before counts, too.
    const since = askedAt - limits.admitValidMs - limits.lateStartMs
    if (book === null || (forgot.get(book) ?? Number.NEGATIVE_INFINITY) >= since) return
    if (answers(book, end, vm)) return
    findings.tell(
      end === 'departure' ? 'S12' : 'S9',
      `${world.vm(vm).name} begins to move, ${Math.round(world.clock.now() - askedAt)} ms after it was asked for, and ${host} has no open ${end} of it`,
    )
  }

  return {
    agent(event, book) {
      if (event.kind === 'journal') forgot.set(book, world.clock.now())
      if (event.kind !== 'effect' || event.effect.kind !== 'perform') return
      const { operation } = event.effect
      if (operation.kind === 'migrate') asked.set(`${book.name} ${operation.vm}`, world.clock.now())
    },
    world(event) {
      if (event.kind !== 'migration-started' || event.migration.byHand) return
      const { vm, from, to } = event.migration
      const askedAt = asked.get(`${from} ${vm}`)
      asked.delete(`${from} ${vm}`)
      // A request that is read later than any promise lasts is outside the model.
      if (askedAt === undefined || world.clock.now() - askedAt > limits.lateStartMs) return
      judge(from, 'departure', vm, askedAt)
      judge(to, 'arrival', vm, askedAt)
    },
  }
}
