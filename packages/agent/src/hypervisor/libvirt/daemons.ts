/** The daemons that a driver talks to: this host's over the link, any of them over a connection of its own. */
import type { VmId } from '@drover/protocol'
import { type LibvirtUri, type PkiPaths, parsePeerUri, parseUri } from '../../config/libvirt-uri.ts'
import { wordsOf } from '../../errors.ts'
import { HypervisorError } from '../hypervisor-port.ts'
import type { Connection, ConnectionLimits } from './connection.ts'
import type { Domain } from './domain.ts'
import type { Link } from './link.ts'
import type { Caller } from './observe.ts'
import { domainByUuid, type Procedure } from './procedures.ts'
import { openSession } from './session.ts'
import { peerPacketBytesMax } from './told-bounds.ts'

export interface Daemons {
  /** To this host's daemon, lasting. */
  readonly link: Link
  /** A new connection: to this host's daemon, or to another's. The caller closes it. */
  session(at?: string, readOnly?: boolean): Promise<Connection>
  /** Throws for the URI of another host that cannot be used. */
  check(at: string): void
  /** Asks over a new connection, and closes it. */
  ask<T>(question: (caller: Caller) => Promise<T>, at?: string, readOnly?: boolean): Promise<T>
  /** A call that lasts. A connection of its own keeps the link free. */
  lasting(procedure: Procedure<{ domain: Domain; flags: number }, unknown>, vm: VmId): Promise<void>
}

export interface DaemonsInit {
  readonly link: Link
  /** This host's. */
  readonly uri: LibvirtUri
  readonly limits: ConnectionLimits
  /** Longest wait for a save, a restore or a start, ms. */
  readonly storageMs: number
  readonly tls: PkiPaths | undefined
  /** See `LibvirtOptions.peerSockets`. */
  readonly peerSockets: readonly string[]
  /** A daemon told something that cannot be so: this host's, or that of another at its URI. */
  readonly odd: (what: string, at: string | undefined) => void
}

export const createDaemons = (init: DaemonsInit): Daemons => {
  const { link, uri, limits } = init

  /** The URI that another host announced. A wrong one is a fault of that host, not of this one. */
  const elsewhere = (at: string): LibvirtUri => {
    try {
      return init.peerSockets.includes(at) ? parseUri(at) : parsePeerUri(at, uri, init.tls)
    } catch (error) {
      throw new HypervisorError('not_supported', wordsOf(error), { cause: error })
    }
  }

  const session: Daemons['session'] = async (at, readOnly = false) => {
    const connection = await (at === undefined
      ? openSession(uri, { ...limits, readOnly })
      : openSession(elsewhere(at), { ...limits, readOnly, packetBytesMax: peerPacketBytesMax }))
    connection.onOdd = (what) => init.odd(what, at)
    return connection
  }

  const ask: Daemons['ask'] = async (question, at, readOnly) => {
    const connection = await session(at, readOnly)
    try {
      return await question(connection)
    } finally {
      connection.close('asked')
    }
  }

  return {
    link,
    session,
    ask,
    check: (at) => void elsewhere(at),
    async lasting(procedure, vm) {
      await ask(async (caller) =>
        caller.call(procedure, { domain: await find(caller, vm), flags: 0 }, init.storageMs),
      )
    },
  }
}

export const find = (caller: Caller, vm: VmId): Promise<Domain> => caller.call(domainByUuid, vm)
