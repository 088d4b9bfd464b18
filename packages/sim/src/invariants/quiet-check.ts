/**
 * Q3: where nothing has changed for long, every host has room and keeps its rules, and no order waits, no partition is formed and no
 * VM is moved.
 */
import type { CopyTruth } from '../hypervisor/truth.ts'
import type { HostBook } from './host-book.ts'
import type { Check, Scene } from './scene.ts'
import { holds, labelsIn } from './standing-rules.ts'

/** So long after the last change, ms: hold times, back-offs and cures are over. What was foreseen may come later. */
const quietMs = 60_000
const quietForecastMs = 600_000

/** A measurement may differ so much from the truth, as a share. */
const measuredShare = 0.02

/** Not one that was left. */
const isThere = ({ state, pausedBy }: CopyTruth): boolean =>
  state === 'running' || (state === 'paused' && pausedBy !== 'migration')

export const createQuietCheck = ({ world, findings, usable, books, policy, rules }: Scene): Check => {
  if (policy === null) return {}
  let changedAt = world.clock.now()
  const changed = (): void => {
    changedAt = world.clock.now()
  }

  /** No host has more than it can carry, and none is to be emptied. */
  const isFeasible = (): boolean => {
    for (const book of books.values()) if (book.draining || !book.alive) return false
    return world.hosts().every(({ name, demand }) => {
      const most = usable(name)
      return demand.cpuMilli <= most.cpuMilli && demand.memoryMiB <= most.memoryMiB
    })
  }

  /** A copy that a migration has left beside the VM breaks none. */
  const rulesHold = (): boolean =>
    rules.length === 0 ||
    [...books.values()].every(({ id, name }) => {
      const here = world
        .vms()
        .filter(({ copies }) => copies.some((copy) => copy.host === name && isThere(copy)))
        .map(({ vm }) => vm)
      return rules.every((rule) => holds(rule, id, here, labelsIn(world)))
    })

  /** Its hypervisor has told the truth of each of its VMs. */
  const sees = (book: HostBook): boolean => {
    const { vms } = world.host(book.name)
    if (vms.length !== book.observed.length) return false
    return book.observed.every(({ vm, cpuMilli, memoryMiB }) => {
      const truth = world.vm(vm)
      const offBy = Math.abs((cpuMilli ?? Number.NaN) - truth.cpuMilli)
      return offBy <= 1 + measuredShare * truth.cpuMilli && Math.abs(memoryMiB - truth.memoryMiB) <= 1
    })
  }

  return {
    agent(event, book) {
      switch (event.kind) {
        case 'born':
        case 'ended':
        case 'journal':
          return changed()
        case 'input':
          if (event.input.kind === 'commanded') changed()
          if (event.input.kind === 'observed' && event.input.vms.length !== book.observed.length) changed()
          return
        case 'sent': {
          const { message } = event
          if (message.kind !== 'reserve' || message.intent !== 'lease') return
          const forMs = world.clock.now() - changedAt
          const needed = message.reason === 'forecast.cpu' ? quietForecastMs : quietMs
          if (forMs < needed + policy.overloadHoldMs || !isFeasible() || !rulesHold() || !sees(book)) return
          findings.once(
            `Q3 ${message.partition}`,
            'Q3',
            `${book.name} forms ${message.partition} for ${message.reason}, and nothing has changed for ${Math.round(forMs)} ms`,
          )
        }
      }
    },
    world: changed,
  }
}
