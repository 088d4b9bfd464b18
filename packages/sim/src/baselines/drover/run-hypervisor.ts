/** The hypervisor port of one host of a run: what an agent asks of it, answered at once or when the migration ends. */
import { type Hypervisor, HypervisorError, type Immediate, type MigrationResult } from '@drover/agent/runtime'
import type { MigrationEnd } from '../../hypervisor/events.ts'
import type { RunHost, SimulatedRun } from '../../run/simulated-run.ts'
import { answered, createAnswer, failed } from '../../time/answer.ts'
import { presenceOn } from './observations.ts'

const resultOf = (end: MigrationEnd, transferredMiB: number): MigrationResult => {
  if (end === 'moved') return { kind: 'done', transferredMiB, downtimeMs: null }
  if (end === 'stayed') return { kind: 'refused', code: 'migration.failed', detail: end }
  return { kind: 'unknown', code: 'migration.unsettled', detail: end }
}

/** Hosts are looked at without it (`run-poller.ts`), and nothing else is asked of them. */
const unasked = async (): Promise<never> => {
  throw new HypervisorError('not_supported', 'a simulated run answers no such question')
}

/** `hostAt`: the host behind a migration URI. */
export const runHypervisor = (
  run: SimulatedRun,
  host: RunHost,
  hostAt: (uri: string) => RunHost,
): Immediate<Hypervisor> => {
  const where = (at: string | undefined): RunHost => (at === undefined ? host : hostAt(at))
  return {
    driver: 'run',
    connected: true,
    trouble: null,
    open() {},
    host: unasked,
    sample: unasked,
    jobs: unasked,
    limit: unasked,
    save: unasked,
    restore: unasked,
    start: unasked,
    shutdown: unasked,
    setAutostart: unasked,
    locate: (vm, at) => answered(presenceOn(run, where(at), vm)),
    migrate({ vm, to }) {
      const answer = createAnswer<MigrationResult>()
      const memoryMiB = run.world.inside.state.vms.get(vm)?.memoryMiB ?? 0
      if (!run.migrate(vm, hostAt(to), (end) => answer.give(resultOf(end, memoryMiB))))
        answer.give({ kind: 'refused', code: 'migration.failed', detail: 'the hypervisor did not begin' })
      return answer
    },
    resume(vm, at) {
      const there = where(at)
      const presence = presenceOn(run, there, vm)
      if (presence === 'paused') run.world.byHand.resume(vm, there.record.spec.name)
      else if (presence !== 'running') return failed(new HypervisorError('hypervisor.refused', presence))
      return answered(undefined)
    },
    abort(vm) {
      if (!run.moving(vm)) return failed(new HypervisorError('hypervisor.refused', 'it does not move'))
      run.world.inside.migrations.abort(vm)
      return answered(undefined)
    },
    events: () => () => {},
    close: async () => {},
  }
}
