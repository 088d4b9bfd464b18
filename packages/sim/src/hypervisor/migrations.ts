/**
 * Live migrations of a world: from the destination's consent to the end, and everything that may come between. Rates are
 * shared max-min over the hosts' links. A migration is peer-to-peer: it belongs to the world, not to the agent that asked
 * for it.
 */
import type { VmId } from '@drover/protocol'
import type { MigrationTruth } from './events.ts'
import type { Faults } from './faults.ts'
import { createLinks } from './links.ts'
import {
  type Deaths,
  hasLanded,
  type MigrationOrder,
  type MigrationsState,
  type Phases,
  type Refusal,
  settle,
  truthOf,
} from './migration.ts'
import { begin } from './migration-begin.ts'
import { copyDestroyed, daemonDied, hostDied, linksChanged } from './migration-deaths.ts'
import { breakOff } from './migration-end.ts'
import { perform } from './migration-phases.ts'
import { setRate } from './migration-progress.ts'
import type { Copy, HostRecord, State } from './state.ts'

export interface Migrations {
  /** Null = it has begun, or its hypervisor will read the request late (`unread`). */
  begin(order: MigrationOrder): Refusal | null
  /** Its hypervisor has a request to move it, and has not read it yet. */
  unread(vm: VmId): boolean
  of(vm: VmId): MigrationTruth | null
  all(): readonly MigrationTruth[]
  limit(vm: VmId, capMiBps: number): void
  /** `byHand`: its owner's doing. False: too late, or its hypervisor does not listen. */
  abort(vm: VmId, byHand?: boolean): boolean
  /** Lets a hung migration go on. */
  unhang(vm: VmId): void
  /** The same, if no agent could end it: it is deaf, or its owner's. */
  relent(vm: VmId): void
  /** Its owner destroyed one of the two copies. */
  copyDestroyed(copy: Copy): void
  hostDied(host: HostRecord): void
  daemonDied(host: HostRecord): void
  /** After a cut, or the end of one. */
  linksChanged(): void
  /** What the phases take, from now on. */
  readonly phases: Phases
}

const limit = ({ inFlight, links }: MigrationsState, vm: VmId, capMiBps: number): void => {
  const m = inFlight.get(vm)
  if (m === undefined) return
  if (!m.sending) m.capMiBps = capMiBps
  else
    links.change(m, () => {
      m.capMiBps = capMiBps
    })
}

const abort = (migrations: MigrationsState, vm: VmId, byHand: boolean): boolean => {
  const why = `migration aborted by ${byHand ? 'its owner' : 'the client'}`
  const m = migrations.inFlight.get(vm)
  if (m === undefined || m.phase === 'finish' || hasLanded(m)) return false
  // libvirt looks at it when it is connected, and when the destination has answered.
  if (m.phase !== 'perform') {
    m.stopping = why
    return true
  }
  if (m.hung && m.fault?.kind === 'hang' && m.fault.deaf) return false
  breakOff(migrations, m, why)
  return true
}

const unhang = (migrations: MigrationsState, vm: VmId): void => {
  const m = migrations.inFlight.get(vm)
  if (m === undefined) return
  m.fault = null
  m.faultAtMiB = null
  if (!m.hung) return
  m.hung = false
  if (!m.severed) perform(migrations, m)
}

const relent = (migrations: MigrationsState, vm: VmId): void => {
  const m = migrations.inFlight.get(vm)
  if (m?.byHand === true || (m?.fault?.kind === 'hang' && m.fault.deaf === true)) unhang(migrations, vm)
}

export const createMigrations = (
  world: State,
  faults: Faults,
  phases: Phases,
  deaths: Deaths,
): Migrations => {
  const migrations: MigrationsState = {
    world,
    faults,
    phases,
    deaths,
    inFlight: new Map(),
    unread: new Set(),
    links: createLinks((m, rateMiBps) => setRate(migrations, m, rateMiBps)),
  }
  const { inFlight, unread } = migrations
  return {
    phases,
    begin: (order) => begin(migrations, order),
    unread: (vm) => unread.has(vm),
    of(vm) {
      const m = inFlight.get(vm)
      if (m === undefined) return null
      settle(world, m)
      return truthOf(m)
    },
    all() {
      for (const m of inFlight.values()) settle(world, m)
      return [...inFlight.values()].map(truthOf)
    },
    limit: (vm, capMiBps) => limit(migrations, vm, capMiBps),
    abort: (vm, byHand = false) => abort(migrations, vm, byHand),
    unhang: (vm) => unhang(migrations, vm),
    relent: (vm) => relent(migrations, vm),
    copyDestroyed: (copy) => copyDestroyed(migrations, copy),
    hostDied: (host) => hostDied(migrations, host),
    daemonDied: (host) => daemonDied(migrations, host),
    linksChanged: () => linksChanged(migrations),
  }
}
