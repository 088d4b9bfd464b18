/**
 * An operator reads the alarms and does what docs/operating.md says, once everything is healed. Where both ends of a migration
 * lost their journals no agent guesses (adr/004): a VM that waits without an alarm is found at the end.
 */
import type { AlarmCode, VmId } from '../../../packages/protocol/src/index.ts'
import { answerAlarm } from '../../../packages/sim/src/hypervisor/operator-hand.ts'
import { nameOf, type Run } from '../run.ts'
import type { Watch } from './watch.ts'

/** Two looks, and more than what an agent may still do by itself, ms. */
const patienceMs = 20_000

export interface Operator {
  /** Looks at the alarms; acts on those that have lasted. */
  look(): void
  /** What was done, by code. */
  readonly done: ReadonlyMap<string, number>
}

export const createOperator = (run: Run, watch: Watch): Operator => {
  const { world } = run
  const done = new Map<string, number>()
  const since = new Map<string, number>()
  const note = (code: string, what: string): void => {
    done.set(code, (done.get(code) ?? 0) + 1)
    run.say(`operator, ${code}: ${what}`)
  }
  const isMoving = (vm: VmId): boolean => world.migrations().some((one) => one.vm === vm)
  /** The trouble has stood for as long as an operator waits before touching anything. */
  const stands = (key: string): boolean => {
    const now = performance.now()
    const first = since.get(key) ?? now
    since.set(key, first)
    return now - first >= patienceMs
  }

  const answerAlarms = (standing: Set<string>): void => {
    for (const [host, { view }] of watch.statuses)
      for (const alarm of view.alarms) {
        const vm = alarm.vm as VmId
        const key = `${host} ${alarm.code} ${vm}`
        standing.add(key)
        if (!stands(key)) continue
        const did = answerAlarm(world, nameOf(host), { code: alarm.code as AlarmCode, vm })
        if (did !== null) note(alarm.code, did)
      }
  }

  /** A paused copy beside one that runs, and nothing on its way: `vm.stale_copy` tells the operator to destroy it. */
  const removeStale = (standing: Set<string>): void => {
    for (const { vm, name, copies } of world.vms()) {
      const running = copies.some((copy) => copy.state === 'running')
      const stale = copies.find((copy) => copy.state === 'paused' && copy.pausedBy === 'migration')
      if (!running || stale === undefined || isMoving(vm)) continue
      const key = `stale ${vm} ${stale.host}`
      standing.add(key)
      if (!stands(key)) continue
      world.byHand.destroy(vm, stale.host)
      note('vm.stale_copy', `${name}: virsh destroy on ${stale.host}`)
    }
  }

  return {
    done,
    look() {
      const standing = new Set<string>()
      answerAlarms(standing)
      removeStale(standing)
      for (const key of [...since.keys()]) if (!standing.has(key)) since.delete(key)
    },
  }
}
