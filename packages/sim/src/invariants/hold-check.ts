/** S5: a lease neither ends nor is given anew while an action touches its host, not even over a restart of its agent. */
import type { VmId } from '@drover/protocol'
import { type HostBook, partitionOf, type SeenLease } from './host-book.ts'
import type { Check, Scene } from './scene.ts'

/** What the hypervisor was asked last does not tell of what began since. */
const isKnown = (book: HostBook, startedAt: number): boolean => startedAt < book.jobsAt

export const createHoldCheck = ({ world, findings }: Scene): Check => {
  /** By host, the lease before the step that is under way. */
  const before = new Map<HostBook, SeenLease | null>()
  /** By host, the VMs that were to be seen coming in there when its agent was last told of jobs. */
  const coming = new Map<HostBook, ReadonlySet<VmId>>()

  const shown = (book: HostBook): void => {
    const there = world.migrations().filter(({ to, phase }) => to === book.name && phase !== 'begin')
    coming.set(book, new Set(there.map(({ vm }) => vm)))
  }

  /** An action of that partition that is open there, or of any; in words, null = none is. */
  const openOf = (book: HostBook, partition: string | null): string | null => {
    for (const action of book.held)
      if (partition === null || partitionOf(action) === partition) return `${action} is open there`
    return null
  }

  const movingAt = (book: HostBook): string | null => {
    for (const { vm, from, to, startedAt, phase } of world.migrations()) {
      if ((from !== book.name && to !== book.name) || !isKnown(book, startedAt)) continue
      // The destination's part had not begun then, or is over: its hypervisor tells of no job.
      if (to === book.name && coming.get(book)?.has(vm) !== true) continue
      if (to === book.name && (phase === 'finished' || phase === 'confirm')) continue
      return `${world.vm(vm).name} moves from ${from} to ${to}`
    }
    return null
  }

  const judge = (book: HostBook, old: SeenLease | null): void => {
    const { lease, name } = book
    if (lease?.epoch === old?.epoch) return
    const kept = old === null ? null : openOf(book, old.partition)
    if (old !== null && kept !== null)
      findings.tell('S5', `the lease of ${name} to ${old.partition} ended although ${kept}`)
    const held = lease === null ? null : (openOf(book, null) ?? movingAt(book))
    if (lease !== null && held !== null)
      findings.tell('S5', `${name} was leased to ${lease.partition} although ${held}`)
  }

  return {
    agent(event, book) {
      if (event.kind === 'input' && event.input.kind === 'jobs') shown(book)
      if (event.kind === 'stepped') before.set(book, book.lease)
      if (event.kind === 'carried') judge(book, before.get(book) ?? null)
    },
  }
}
