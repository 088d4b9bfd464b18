/**
 * Live migrations in flight: from the destination's consent to the end, and everything that may come between. Rates
 * are shared max-min over the hosts' links. A migration is peer-to-peer: it belongs to the world, not to who began it.
 */
import type { VmId } from '@drover/protocol'
import type { MigrationEnd, MigrationTruth } from './events.ts'
import type { Faults, MigrationFault } from './faults.ts'
import { createLinks, type Transfer } from './links.ts'
import { advance, converged, nextRound, type Precopy, tinyMiB, untilFaultMiB } from './precopy.ts'
import {
  type Copy,
  change,
  dirtyMiBpsOf,
  dropCopy,
  type HostRecord,
  incarnate,
  isActive,
  memoryTakenMiB,
  newCopy,
  putCopy,
  reaches,
  type State,
} from './state.ts'

/** What the hypervisor tells whoever began it. `error` null = success; it may lie (`fail-after-success`). */
export interface MigrationReport {
  readonly error: string | null
  readonly transferredMiB: number
  readonly downtimeMs: number | null
}

export interface MigrationOrder {
  readonly source: Copy
  readonly to: HostRecord
  readonly paused: boolean
  readonly capMiBps: number
  readonly onEnd: (report: MigrationReport) => void
}

export interface Refusal {
  readonly code: string
  readonly detail: string
}

interface Migration extends Precopy, Transfer {
  rateMiBps: number
  readonly source: Copy
  readonly target: Copy
  readonly paused: boolean
  readonly onEnd: (report: MigrationReport) => void
  readonly startedAt: number
  settledAt: number
  /** RunMetrics its progress before the CPU of its source is divided anew: what the guest rewrites follows it. */
  readonly follow: () => void
  /** The source's state before, and to return to. */
  readonly was: { readonly state: Copy['state']; readonly pausedBy: Copy['pausedBy'] }
  fault: MigrationFault | null
  capMiBps: number
  phase: 'copying' | 'finishing'
  hung: boolean
  stoppedAt: number
  disarm: () => void
}

export interface Migrations {
  begin(order: MigrationOrder): Refusal | null
  /** Its hypervisor has a request to move it, and has not read it yet. */
  unread(vm: VmId): boolean
  of(vm: VmId): MigrationTruth | null
  all(): readonly MigrationTruth[]
  limit(vm: VmId, capMiBps: number): void
  /** False: too late, or nobody listens. */
  abort(vm: VmId): boolean
  /** Lets a hung migration go on. */
  unhang(vm: VmId): void
  /** Its owner destroyed one of the two copies. */
  copyDestroyed(copy: Copy): void
  hostDied(host: HostRecord): void
  daemonDied(host: HostRecord): void
  /** After a cut: breaks the migrations that cross it. */
  linksChanged(): void
}

export const createMigrations = (
  state: State,
  faults: Faults,
  { finishMs }: { readonly finishMs: number },
): Migrations => {
  const migrations = new Map<VmId, Migration>()

  const truth = (m: Migration): MigrationTruth => ({
    vm: m.source.vm.spec.vm,
    from: m.source.host.spec.name,
    to: m.target.host.spec.name,
    phase: m.phase,
    transferredMiB: m.transferredMiB,
    remainingMiB: m.phase === 'finishing' ? 0 : m.toSendMiB + m.dirtiedMiB,
    memoryMiB: m.source.vm.memoryMiB,
    rateMiBps: m.rateMiBps,
    startedAt: m.startedAt,
    paused: m.paused,
  })

  /** RunMetrics the progress of this one. */
  const settle = (m: Migration): void => {
    const seconds = (state.clock.now() - m.settledAt) / 1000
    m.settledAt = state.clock.now()
    if (seconds > 0 && m.phase === 'copying')
      advance(m, seconds, m.source.vm.memoryMiB, dirtyMiBpsOf(m.source))
  }

  /** Its next event at its rate of now; call after either changed. */
  const arm = (m: Migration): void => {
    m.disarm()
    m.disarm = () => {}
    if (m.rateMiBps <= 0) return
    const untilMiB = Math.min(m.toSendMiB, untilFaultMiB(m) ?? m.toSendMiB)
    m.disarm = state.clock.after((untilMiB / m.rateMiBps) * 1000, () => turn(m))
  }

  const links = createLinks<Migration>((m, rateMiBps) => {
    settle(m)
    m.rateMiBps = rateMiBps
    arm(m)
  })

  /** Something is due: a round's end, or a fault. */
  const turn = (m: Migration): void => {
    settle(m)
    const untilFault = untilFaultMiB(m)
    // A fault beyond the last byte strikes at the end.
    if (untilFault !== null && (untilFault <= tinyMiB || converged(m))) strike(m)
    else if (converged(m)) stopAndCopy(m)
    else {
      nextRound(m)
      arm(m)
    }
  }

  const strike = (m: Migration): void => {
    if (m.fault?.kind === 'hang') {
      m.hung = true
      m.faultAtMiB = null
      links.leave(m)
      m.rateMiBps = 0
    } else end(m, 'stayed', 'migration broke off: the connection was reset', 'stayed')
  }

  const stopAndCopy = (m: Migration): void => {
    links.leave(m)
    m.phase = 'finishing'
    m.stoppedAt = state.clock.now()
    m.disarm()
    const lastMs = (m.dirtiedMiB / m.rateMiBps) * 1000
    m.transferredMiB += m.dirtiedMiB
    change(state, [m.source.host], () => {
      if (m.source.state === 'running') m.source.pausedBy = 'migration'
      m.source.state = 'paused'
    })
    m.disarm = state.clock.after(lastMs + finishMs, () => complete(m))
  }

  const complete = (m: Migration): void => {
    const { fault } = m
    if (fault?.kind === 'fail-after-success')
      end(m, 'moved', 'operation failed: lost contact while finishing', 'moved')
    else if (fault?.kind === 'grey') end(m, 'grey', 'end of migration not learnt', fault.destination)
    else if (fault?.kind === 'split') end(m, 'split', 'connection lost while finishing', 'running')
    else end(m, 'moved', null, 'moved')
  }

  const end = (
    m: Migration,
    how: MigrationEnd,
    error: string | null,
    /** What becomes of the destination's copy; `paused` hand-over (R2) overrules `running`. */
    target: 'moved' | 'stayed' | 'running' | 'paused' | 'gone',
  ): void => {
    const { source, target: copy } = m
    const vm = source.vm.spec.vm
    settle(m)
    const last = truth(m)
    m.disarm()
    migrations.delete(vm)
    source.host.followers.delete(m.follow)
    if (m.phase === 'copying' && !m.hung) links.leave(m)
    const restore = (): void => {
      source.state = m.was.state
      source.pausedBy = m.was.pausedBy
    }
    const land = (asPaused: boolean): void => {
      const hold = m.was.state === 'running' && (asPaused || m.paused)
      copy.state = hold ? 'paused' : m.was.state
      copy.pausedBy = hold ? 'migration' : m.was.pausedBy
      copy.defined = true
      incarnate(copy)
    }
    change(state, [source.host, copy.host], () => {
      if (how === 'moved') {
        dropCopy(source)
        land(false)
      } else {
        if (target === 'stayed' || target === 'gone') dropCopy(copy)
        else land(target === 'paused')
        if (how === 'stayed' || how === 'split') restore()
      }
    })
    const downtimeMs = m.phase === 'finishing' ? state.clock.now() - m.stoppedAt : null
    state.emit({ kind: 'migration-ended', migration: last, end: how, detail: error ?? '' })
    m.onEnd({ error, transferredMiB: m.transferredMiB, downtimeMs })
  }

  const refusalOf = ({ source, to }: MigrationOrder): Refusal | null => {
    const { vm, host: from } = source
    const no = (code: string, detail: string): Refusal => ({ code, detail })
    if (migrations.has(vm.spec.vm)) return no('vm.job_active', 'another migration of it is running')
    if (vm.spec.fixed !== null) return no(vm.spec.fixed, `${vm.spec.name} cannot be migrated`)
    if (to === from) return no('migration.failed', 'the destination is the source')
    if (!reaches(state, from, to) || to.daemon !== 'up')
      return no('migration.failed', `unable to connect to ${to.spec.name}`)
    if (to.spec.cpuBaseline !== from.spec.cpuBaseline)
      return no('cpu.incompatible', `${to.spec.cpuBaseline} is not ${from.spec.cpuBaseline}`)
    if (to.copies.has(vm.spec.vm))
      return no('migration.failed', `${vm.spec.name} exists on ${to.spec.name} already`)
    if (memoryTakenMiB(to) + vm.memoryMiB > to.spec.capacity.memoryMiB)
      return no('capacity.mem', `cannot allocate ${vm.memoryMiB} MiB on ${to.spec.name}`)
    return null
  }

  const start = (order: MigrationOrder, fault: MigrationFault | null): Refusal | null => {
    const { source, to } = order
    const { vm } = source
    const where = { vm: vm.spec.vm, from: source.host.spec.name, to: to.spec.name }
    let refusal = refusalOf(order)
    if (fault?.kind === 'refuse')
      refusal = { code: 'migration.failed', detail: fault.detail ?? 'the destination will not have it' }
    if (refusal !== null) {
      state.emit({ kind: 'migration-refused', ...where, ...refusal })
      return refusal
    }
    const target = newCopy(vm, to, 'incoming')
    target.defined = false
    change(state, [to], () => putCopy(target))
    const migration: Migration = {
      source,
      target,
      from: source.host,
      to,
      paused: order.paused,
      onEnd: order.onEnd,
      startedAt: state.clock.now(),
      settledAt: state.clock.now(),
      follow: () => settle(migration),
      was: { state: source.state, pausedBy: source.pausedBy },
      fault,
      faultAtMiB:
        fault?.kind === 'abort' || fault?.kind === 'hang' ? (vm.memoryMiB * fault.atPermille) / 1000 : null,
      capMiBps: order.capMiBps,
      phase: 'copying',
      hung: false,
      toSendMiB: vm.memoryMiB,
      dirtiedMiB: 0,
      transferredMiB: 0,
      rateMiBps: 0,
      stoppedAt: 0,
      disarm: () => {},
    }
    migrations.set(where.vm, migration)
    source.host.followers.add(migration.follow)
    links.join(migration)
    state.emit({ kind: 'migration-started', migration: truth(migration) })
    return null
  }

  /** Requests that their daemon has not read, by VM; they die with it. */
  const unread = new Map<VmId, HostRecord>()
  const unreadAgainMs = 100
  const forgetUnread = (host: HostRecord): void => {
    for (const [vm, at] of [...unread]) if (at === host) unread.delete(vm)
  }
  const lieUnread = (order: MigrationOrder, delayMs: number): void => {
    const { vm, host } = order.source
    unread.set(vm.spec.vm, host)
    state.clock.after(delayMs, () => {
      if (host.daemon === 'hung') return lieUnread(order, unreadAgainMs)
      if (!unread.delete(vm.spec.vm)) return
      const here = host.copies.get(vm.spec.vm) === order.source && isActive(order.source)
      const refusal = here ? start(order, null) : { detail: `no active VM ${vm.spec.vm} here` }
      if (refusal !== null) order.onEnd({ error: refusal.detail, transferredMiB: 0, downtimeMs: null })
    })
  }

  /** All migrations that satisfy it, ended one after another; who hears of one may have ended another. */
  const endThose = (which: (m: Migration) => boolean, how: (m: Migration) => void): void => {
    for (const m of [...migrations.values()].filter(which))
      if (migrations.get(m.source.vm.spec.vm) === m) how(m)
  }
  const broke = (m: Migration, why: string): void => end(m, 'stayed', why, 'stayed')

  return {
    begin(order) {
      const { source, to } = order
      const fault =
        refusalOf(order) === null ? faults.take(source.vm.spec.vm, source.host.spec.name, to.spec.name) : null
      if (fault?.kind !== 'late') return start(order, fault)
      lieUnread(order, fault.delayMs)
      return null
    },
    unread: (vm) => unread.has(vm),
    of(vm) {
      const m = migrations.get(vm)
      if (m === undefined) return null
      settle(m)
      return truth(m)
    },
    all() {
      for (const m of migrations.values()) settle(m)
      return [...migrations.values()].map(truth)
    },
    limit(vm, capMiBps) {
      const m = migrations.get(vm)
      if (m === undefined) return
      if (m.phase === 'finishing' || m.hung) m.capMiBps = capMiBps
      else
        links.change(m, () => {
          m.capMiBps = capMiBps
        })
    },
    abort(vm) {
      const m = migrations.get(vm)
      if (m === undefined || m.phase === 'finishing' || (m.fault?.kind === 'hang' && m.fault.deaf && m.hung))
        return false
      broke(m, 'migration aborted by the client')
      return true
    },
    unhang(vm) {
      const m = migrations.get(vm)
      if (m === undefined) return
      m.fault = null
      m.faultAtMiB = null
      if (!m.hung) return
      m.hung = false
      settle(m)
      links.join(m)
    },
    copyDestroyed(copy) {
      endThose(
        (m) => m.source === copy || m.target === copy,
        (m) =>
          m.source === copy
            ? end(m, 'lost', 'the VM was destroyed by its owner', 'gone')
            : broke(m, 'the copy was destroyed on the destination'),
      )
    },
    hostDied(host) {
      forgetUnread(host)
      endThose(
        (m) => m.source.host === host || m.target.host === host,
        (m) =>
          m.source.host === host
            ? end(m, 'lost', 'the source host died', 'gone')
            : broke(m, 'the destination host died'),
      )
    },
    daemonDied(host) {
      forgetUnread(host)
      // libvirt's managed part dies with it: early, the copy is dropped and the guest never noticed; late, a source
      // that cannot be told leaves its copy paused.
      endThose(
        (m) => m.source.host === host || m.target.host === host,
        (m) =>
          m.phase === 'finishing' && m.source.host === host
            ? end(m, 'grey', 'the source hypervisor died while finishing', 'running')
            : broke(m, 'connection to a hypervisor lost'),
      )
    },
    linksChanged() {
      endThose(
        (m) => !reaches(state, m.source.host, m.target.host),
        (m) =>
          m.phase === 'finishing'
            ? end(m, 'split', 'connection lost while finishing', 'running')
            : broke(m, 'connection to the destination lost'),
      )
    },
  }
}
