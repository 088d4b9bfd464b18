/** The simulated driver migrates: it orders the migration, follows it, and at its end says only what was seen. */
import {
  type Hypervisor,
  HypervisorError,
  type MigrationProgress,
  type MigrationRequest,
  type MigrationResult,
} from '@drover/agent/runtime'
import type { Presence, VmId } from '@drover/protocol'
import { request as send } from './driver-lifecycle.ts'
import {
  ask,
  copyOn,
  type DriverState,
  hostAt,
  jobOf,
  presenceAt,
  refused,
  timedOut,
} from './driver-state.ts'
import type { MigrationOrder, MigrationReport, Refusal } from './migration.ts'
import type { HostRecord } from './state.ts'

/**
 * Begins it and waits for what its hypervisor reports. Throws HypervisorError: `hypervisor.unreachable` when the daemon
 * (or the host) dies or the driver is closed meanwhile; the migration itself goes on.
 */
const follow = (
  { world, closers, options: { progressMs } }: DriverState,
  order: Omit<MigrationOrder, 'onEnd' | 'onTimeout'>,
  onProgress: ((progress: MigrationProgress) => void) | undefined,
): Promise<MigrationReport | Refusal> =>
  new Promise((resolve, reject) => {
    const { migrations, state } = world.inside
    const { clock } = world
    const { vm } = order.source.vm.spec
    const host = order.source.host.spec.name
    let cancel = (): void => {}
    let unlisten = (): void => {}

    const settle = (how: () => void): void => {
      cancel()
      unlisten()
      closers.delete(lose)
      how()
    }
    const lose = (): void =>
      settle(() => reject(new HypervisorError('hypervisor.unreachable', `lost the hypervisor of ${host}`)))

    const refusal = migrations.begin({
      ...order,
      onEnd: (report) => settle(() => resolve(report)),
      onTimeout: () => settle(() => reject(timedOut(order.source.host))),
    })
    if (refusal !== null) {
      resolve(refusal)
      return
    }
    closers.add(lose)
    unlisten = state.listen((event) => {
      if (event.kind === 'daemon' && event.host === host && event.daemon === 'down') lose()
      if (event.kind === 'host' && event.host === host && !event.alive) lose()
    })
    const watch = (): void => {
      const migration = migrations.of(vm)
      if (migration === null) {
        if (migrations.unread(vm)) cancel = clock.after(progressMs, watch)
        return
      }
      onProgress?.({
        transferredMiB: Math.round(migration.transferredMiB),
        remainingMiB: Math.round(migration.remainingMiB),
        totalMiB: migration.memoryMiB,
        dirtyMiBps: null,
        elapsedMs: Math.round(clock.now() - migration.startedAt),
      })
      cancel = clock.after(progressMs, watch)
    }
    cancel = clock.after(progressMs, watch)
  })

/** After an end, whatever was reported: looks, and says only what was seen. */
const look = async (
  driver: DriverState,
  vm: VmId,
  to: HostRecord,
  before: Presence,
  report: MigrationReport,
): Promise<MigrationResult> => {
  const { self } = driver
  await ask(driver, self)
  const here = presenceAt(driver, self, vm)
  const detail = report.error ?? `${vm} is still here`
  if (here === before) return { kind: 'refused', code: 'migration.failed', detail }
  if (here !== 'absent')
    return { kind: 'unknown', code: 'migration.unsettled', detail: `${detail}; ${here} on the source` }
  if (report.error !== null) {
    // Gone from here after an error: arrived, or destroyed by its owner. Only the other end knows.
    await ask(driver, to)
    const there = presenceAt(driver, to, vm)
    if (there !== 'running' && there !== 'paused' && there !== 'held')
      return { kind: 'unknown', code: 'migration.unsettled', detail: `${detail}; nowhere seen` }
  }
  const { transferredMiB, downtimeMs } = report
  return { kind: 'done', transferredMiB: Math.round(transferredMiB), downtimeMs }
}

const unknown = (error: unknown): MigrationResult =>
  error instanceof HypervisorError
    ? { kind: 'unknown', code: error.code, detail: error.message }
    : { kind: 'unknown', code: 'migration.unsettled', detail: String(error) }

const migrate = async (
  driver: DriverState,
  request: MigrationRequest,
  onProgress: ((progress: MigrationProgress) => void) | undefined,
): Promise<MigrationResult> => {
  const { self, world } = driver
  await ask(driver, self)
  const source = self.copies.get(request.vm)
  if (source === undefined || source.state === 'incoming' || source.state === 'shut')
    return { kind: 'refused', code: 'vm.absent', detail: `no active VM ${request.vm} here` }
  const to = hostAt(driver, request.to)
  if (to === undefined)
    return { kind: 'refused', code: 'migration.failed', detail: `no hypervisor at ${request.to}` }
  const before = presenceAt(driver, self, request.vm)
  const capMiBps = request.bandwidthMiBps ?? world.inside.migrationMiBps
  const order = { source, to, paused: request.handOverPaused, capMiBps }
  const ended = await follow(driver, order, onProgress)
  if (!('code' in ended)) return await look(driver, request.vm, to, before, ended)
  // Another job is no answer to this request: nothing was sent.
  return { kind: ended.code === 'vm.job_active' ? 'unknown' : 'refused', ...ended }
}

/** Throws HypervisorError unless a migration of the VM from here is running. */
const expectOutgoing = async (driver: DriverState, vm: VmId): Promise<void> => {
  const { self } = driver
  await ask(driver, self)
  copyOn(self, vm)
  if (jobOf(driver, self, vm) !== 'outgoing') throw refused('no migration of it is running')
}

export const migrationOf = (driver: DriverState): Pick<Hypervisor, 'migrate' | 'limit' | 'abort'> => {
  const { migrations } = driver.world.inside
  return {
    migrate: (request, onProgress) => migrate(driver, request, onProgress).catch(unknown),
    async limit(vm, bandwidthMiBps) {
      await expectOutgoing(driver, vm)
      migrations.limit(vm, bandwidthMiBps)
    },
    async abort(vm) {
      await expectOutgoing(driver, vm)
      // Read late, it may find no migration any more, or the next one.
      await send(driver, driver.self, 'abort', vm, (done, failed) => {
        if (jobOf(driver, driver.self, vm) !== 'outgoing')
          return failed(refused('no migration of it is running'))
        migrations.abort(vm)
        done()
      })
    },
  }
}
