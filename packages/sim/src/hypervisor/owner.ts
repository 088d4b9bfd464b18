/**
 * What the owner of a VM does, or its guest by itself, at any time, also on its way. What libvirt would refuse is not done, nor what
 * would make a second copy run: no promise is left then.
 */
import type { VmId } from '@drover/protocol'
import type { ByHand } from './by-hand.ts'
import type { MigrationTruth } from './events.ts'
import type { Migrations } from './migrations.ts'
import {
  type Copy,
  type CopyState,
  change,
  hostNamed,
  isActive,
  memoryTakenMiB,
  type State,
  type VmRecord,
  vmNamed,
} from './state.ts'

/** Each says why nothing was done; null = it was. */
export interface Owner {
  /** During a migration libvirt takes it for a part of that, and forgets it at the end. */
  pause(vm: VmId): string | null
  resume(vm: VmId): string | null
  /** Where it is defined. */
  start(vm: VmId): string | null
  /** Its owner shuts it down, or its guest does, or crashes. */
  stop(vm: VmId): string | null
  /** Stopped and started at once: another life. */
  restart(vm: VmId): string | null
  /** From now on it starts with its host, or not any more. */
  autostart(vm: VmId, on: boolean): string | null
  /** Destroyed, with its definition. */
  remove(vm: VmId): string | null
  /** A migration that no agent has asked for, with no hand-over. */
  move(vm: VmId, to: string): string | null
}

interface Hands {
  readonly state: State
  readonly migrations: Migrations
  readonly byHand: ByHand
  readonly migrationMiBps: number
}

/**
 * Its one active copy, on a host that lives; while it migrates the source's. A word says why there is none: an old copy that is
 * paused on a third host would run beside the one that migrates.
 */
const activeOf = ({ migrations }: Hands, vm: VmRecord): Copy | string => {
  const active = [...vm.copies].filter(isActive)
  const migration = migrations.of(vm.spec.vm)
  const copy = active.find(({ host }) => host.spec.name === migration?.from) ?? active[0]
  if (copy === undefined) return 'it is not active'
  const others = active.filter((other) => other !== copy && other.host.spec.name !== migration?.to)
  return others.length > 0 ? 'it has two active copies' : copy
}

/** The guest runs, or could: it is not stopped for the switch-over. */
const isBeforeTheEnd = (migration: MigrationTruth | null): boolean =>
  migration === null ||
  migration.phase === 'begin' ||
  migration.phase === 'prepare' ||
  migration.phase === 'perform'

const want = (vm: VmRecord, wanted: CopyState): void => {
  if (vm.wanted !== 'managed') vm.wanted = wanted
}

const pause = (hands: Hands, id: VmId): string | null => {
  const vm = vmNamed(hands.state, id)
  const copy = activeOf(hands, vm)
  if (typeof copy === 'string') return copy
  if (copy.state !== 'running') return 'it does not run'
  const managed = vm.wanted === 'managed'
  hands.byHand.pause(id, copy.host.spec.name)
  if (managed) vm.wanted = 'managed'
  if (hands.migrations.of(id) !== null) copy.pausedBy = 'migration'
  return null
}

const resume = (hands: Hands, id: VmId): string | null => {
  const copy = activeOf(hands, vmNamed(hands.state, id))
  if (typeof copy === 'string') return copy
  if (copy.state !== 'paused') return 'it runs'
  if (hands.migrations.of(id) !== null) return 'libvirt keeps it waiting until the migration has ended'
  want(copy.vm, 'running')
  hands.byHand.resume(id, copy.host.spec.name)
  return null
}

const startable = (vm: VmRecord): Copy | string => {
  if ([...vm.copies].some((copy) => copy.state !== 'shut')) return 'it is active'
  const copy = [...vm.copies].find((one) => one.host.alive && one.host.daemon === 'up')
  if (copy === undefined) return 'no hypervisor has it'
  if (copy.saved) return 'its state is on disk'
  const free = copy.host.spec.capacity.memoryMiB - memoryTakenMiB(copy.host)
  return free < vm.memoryMiB ? 'its memory cannot be allocated' : copy
}

const start = (hands: Hands, id: VmId): string | null => {
  const vm = vmNamed(hands.state, id)
  const copy = startable(vm)
  if (typeof copy === 'string') return copy
  want(vm, 'running')
  hands.byHand.start(id, copy.host.spec.name)
  return null
}

/** A migration of it ends with it. */
const stop = (hands: Hands, id: VmId): string | null => {
  const { state, migrations } = hands
  const vm = vmNamed(state, id)
  const copy = activeOf(hands, vm)
  if (typeof copy === 'string') return copy
  if (!isBeforeTheEnd(migrations.of(id))) return 'it is stopped for the switch-over'
  const { name } = copy.host.spec
  migrations.copyDestroyed(copy)
  state.emit({ kind: 'by-hand', vm: id, host: name, what: 'stop' })
  change(state, [copy.host], () => {
    copy.state = 'shut'
    copy.pausedBy = null
  })
  want(vm, 'shut')
  state.emit({ kind: 'vm', vm: id, host: name, what: 'stopped' })
  return null
}

const restart = (hands: Hands, id: VmId): string | null => {
  const vm = vmNamed(hands.state, id)
  const copy = activeOf(hands, vm)
  const vain = stop(hands, id)
  if (vain !== null || typeof copy === 'string') return vain
  want(vm, 'running')
  hands.byHand.start(id, copy.host.spec.name)
  return null
}

const autostart = (hands: Hands, id: VmId, on: boolean): string | null => {
  const vm = vmNamed(hands.state, id)
  const copy = activeOf(hands, vm)
  if (typeof copy === 'string') return copy
  if (hands.migrations.of(id) !== null) return 'libvirt keeps it waiting until the migration has ended'
  vm.autostart = on
  copy.autostart = on
  hands.state.emit({ kind: 'autostart-set', vm: id, host: copy.host.spec.name, autostart: on, askedAt: null })
  return null
}

const remove = (hands: Hands, id: VmId): string | null => {
  const copy = activeOf(hands, vmNamed(hands.state, id))
  if (typeof copy === 'string') return copy
  if (!isBeforeTheEnd(hands.migrations.of(id))) return 'it is stopped for the switch-over'
  // Its migration ends before anything is known of what its owner wants.
  hands.migrations.copyDestroyed(copy)
  want(copy.vm, 'shut')
  hands.byHand.destroy(id, copy.host.spec.name)
  return null
}

const move = (hands: Hands, id: VmId, to: string): string | null => {
  const { state, migrations, migrationMiBps } = hands
  const source = activeOf(hands, vmNamed(state, id))
  if (typeof source === 'string') return source
  if (source.host.daemon !== 'up') return 'its hypervisor does not answer'
  const order = { source, to: hostNamed(state, to), paused: false, capMiBps: migrationMiBps, byHand: true }
  return migrations.begin({ ...order, onEnd() {} })?.detail ?? null
}

export const createOwner = (hands: Hands): Owner => ({
  pause: (vm) => pause(hands, vm),
  resume: (vm) => resume(hands, vm),
  start: (vm) => start(hands, vm),
  stop: (vm) => stop(hands, vm),
  restart: (vm) => restart(hands, vm),
  autostart: (vm, on) => autostart(hands, vm, on),
  remove: (vm) => remove(hands, vm),
  move: (vm, to) => move(hands, vm, to),
})
