/** What an administrator does by hand to one VM on one host, with no questions asked. */
import type { VmId } from '@drover/protocol'
import type { WorldChange } from './events.ts'
import type { Migrations } from './migrations.ts'
import {
  type Copy,
  type CopyState,
  change,
  dropCopy,
  type HostRecord,
  hostNamed,
  incarnate,
  newCopy,
  putCopy,
  type State,
  vmNamed,
} from './state.ts'

export interface ByHand {
  /** What its owner wants from now on. Only the observer is told: the VM is not touched. */
  want(vm: VmId, wanted: CopyState | 'managed'): void
  start(vm: VmId, host: string): void
  resume(vm: VmId, host: string): void
  pause(vm: VmId, host: string): void
  destroy(vm: VmId, host: string): void
  define(vm: VmId, host: string): void
  /** Stops its migration; it goes on where it was. */
  abort(vm: VmId): void
}

type Deed = Extract<WorldChange, { readonly kind: 'by-hand' }>['what']

/** Its copy there; a new one that is shut when there was none. */
const copyAt = (state: State, id: VmId, host: HostRecord): Copy => {
  const found = host.copies.get(id)
  if (found !== undefined) return found
  const copy = newCopy(vmNamed(state, id), host, 'shut')
  putCopy(copy)
  return copy
}

export const createByHand = (state: State, migrations: Migrations): ByHand => {
  const say = (vm: VmId, host: string, what: Deed): void => state.emit({ kind: 'by-hand', vm, host, what })
  const alter = (
    id: VmId,
    name: string,
    what: 'started' | 'resumed' | 'paused',
    apply: (copy: Copy) => void,
  ): void => {
    const host = hostNamed(state, name)
    const acts = { started: 'start', resumed: 'resume', paused: 'pause' } as const
    say(id, name, acts[what])
    change(state, [host], () => apply(copyAt(state, id, host)))
    const vm = vmNamed(state, id)
    if (what === 'paused') vm.wanted = 'paused'
    if (what === 'resumed' && vm.wanted === 'paused') vm.wanted = 'running'
    state.emit({ kind: 'vm', vm: id, host: name, what })
  }
  return {
    want(id, wanted) {
      vmNamed(state, id).wanted = wanted
    },
    start: (id, name) =>
      alter(id, name, 'started', (copy) => {
        copy.state = 'running'
        copy.pausedBy = null
        incarnate(copy)
      }),
    resume: (id, name) =>
      alter(id, name, 'resumed', (copy) => {
        copy.state = 'running'
        copy.pausedBy = null
      }),
    pause: (id, name) =>
      alter(id, name, 'paused', (copy) => {
        copy.state = 'paused'
        copy.pausedBy = 'owner'
      }),
    destroy(id, name) {
      const host = hostNamed(state, name)
      const copy = host.copies.get(id)
      if (copy === undefined) return
      migrations.copyDestroyed(copy)
      say(id, name, 'destroy')
      change(state, [host], () => dropCopy(copy))
      state.emit({ kind: 'vm', vm: id, host: name, what: 'removed' })
    },
    abort(id) {
      const migration = migrations.of(id)
      if (migration === null) return
      say(id, migration.from, 'abort')
      migrations.abort(id, true)
    },
    define(id, name) {
      say(id, name, 'define')
      copyAt(state, id, hostNamed(state, name))
      state.emit({ kind: 'vm', vm: id, host: name, what: 'defined' })
    },
  }
}
