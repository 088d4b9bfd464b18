/** From a URI to a connection that is ready for calls: dial, authenticate, open. */

import type { LibvirtUri } from '../../config/libvirt-uri.ts'
import { Connection, type ConnectionLimits } from './connection.ts'
import { openDaemonSocket } from './daemon-socket.ts'
import { unreachable } from './libvirt-errors.ts'
import {
  authList,
  authPolkit,
  authTypes,
  connectOpen,
  connectOpenFlags,
  featureKeepalive,
  supportsFeature,
} from './procedures.ts'

export interface SessionOptions extends ConnectionLimits {
  /** May look only; the daemon refuses everything else. */
  readonly readOnly?: boolean
}

/**
 * Rejects with `HypervisorError` within about `callMs`: connecting to a dead host must not block other work.
 * The caller closes the connection.
 */
export const openSession = async (uri: LibvirtUri, options: SessionOptions): Promise<Connection> => {
  const startedMs = performance.now()
  const connection = new Connection(await openDaemonSocket(uri, options.callMs), options)
  const leftMs = Math.max(1, options.callMs - (performance.now() - startedMs))
  const timer = setTimeout(
    () => connection.close(`${uri.text}: no session within ${options.callMs} ms`),
    leftMs,
  )
  try {
    await authenticate(connection, uri)
    const flags = options.readOnly === true ? connectOpenFlags.readOnly : 0
    await connection.call(connectOpen, { name: uri.name, flags })
    if (await connection.call(supportsFeature, featureKeepalive)) connection.startKeepalive()
    return connection
  } catch (error) {
    connection.close('could not open a session')
    throw error
  } finally {
    clearTimeout(timer)
  }
}

const authenticate = async (connection: Connection, uri: LibvirtUri): Promise<void> => {
  const offered = await connection.call(authList, null)
  if (offered.length === 0 || offered.includes(authTypes.none)) return
  if (offered.includes(authTypes.polkit)) {
    await connection.call(authPolkit, null)
    return
  }
  throw unreachable(
    `${uri.text}: the daemon wants SASL, which drover does not speak; use TLS certificates instead`,
  )
}
