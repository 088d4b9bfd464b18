/** Follows one migration on behalf of the agent that asked for it: its progress, its report, or the loss of both. */
import { HypervisorError, type MigrationProgress } from '@drover/agent/runtime'
import type { MigrationOrder, MigrationReport, Refusal } from './migrations.ts'
import type { World } from './world.ts'

export interface Drive {
  readonly world: World
  readonly order: Omit<MigrationOrder, 'onEnd'>
  readonly progressMs: number
  /** Called when the driver is closed; the migration itself goes on. */
  readonly closers: Set<() => void>
  readonly onProgress: ((progress: MigrationProgress) => void) | undefined
}

/**
 * Begins it and waits for what its hypervisor reports. Throws HypervisorError: `hypervisor.unreachable` when the daemon
 * (or the host) dies or the driver is closed meanwhile.
 */
export const drive = ({
  world,
  order,
  progressMs,
  closers,
  onProgress,
}: Drive): Promise<MigrationReport | Refusal> =>
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

    const refusal = migrations.begin({ ...order, onEnd: (report) => settle(() => resolve(report)) })
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
