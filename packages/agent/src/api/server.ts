/** Binds the local API to its unix socket and, if wished, health and metrics to a TCP port. */
import type { Server } from 'node:http'
import { createAdaptorServer } from '@hono/node-server'
import { boundConnections, requestBounds } from './connection-bounds.ts'
import { healthRoutesOf } from './routes/health-routes.ts'
import { type ApiInit, apiRoutesOf } from './routes.ts'
import { listenOnSocket, SocketError } from './unix-socket.ts'

export interface ApiServer {
  /** `host:port` of the TCP listener, as bound; null when there is none. */
  readonly metricsAddress: string | null
  /** Ends open event streams, too. */
  close(): Promise<void>
}

export interface ServeApiInit extends ApiInit {
  /** Null = no unix socket. */
  readonly socket: string | null
  readonly metricsListen: string | null
}

const shut = (server: Server): Promise<void> =>
  new Promise((resolve) => {
    server.close(() => resolve())
    server.closeAllConnections()
  })

const split = (address: string): { readonly host: string; readonly port: number } => {
  const at = address.lastIndexOf(':')
  return { host: address.slice(0, at).replace(/^\[|\]$/g, ''), port: Number(address.slice(at + 1)) }
}

/** Throws `SocketError`. */
export const serveApi = async (init: ServeApiInit): Promise<ApiServer> => {
  const servers: Server[] = []
  const close = async (): Promise<void> => {
    await Promise.all(servers.map(shut))
  }
  try {
    if (init.socket !== null) {
      const server = createAdaptorServer({
        fetch: apiRoutesOf(init).fetch,
        serverOptions: requestBounds,
      }) as Server
      await listenOnSocket(server, init.socket)
      servers.push(server)
    }
    let metricsAddress: string | null = null
    if (init.metricsListen !== null) {
      const server = createAdaptorServer({
        fetch: healthRoutesOf(init).fetch,
        serverOptions: requestBounds,
      }) as Server
      boundConnections(server)
      const { host, port } = split(init.metricsListen)
      await new Promise<void>((resolve, reject) => {
        server.once('error', (error) =>
          reject(
            new SocketError('socket.failed', `cannot listen on ${init.metricsListen}: ${error.message}`),
          ),
        )
        server.listen(port, host, resolve)
      })
      servers.push(server)
      const bound = server.address()
      metricsAddress =
        bound !== null && typeof bound === 'object' ? `${host}:${bound.port}` : init.metricsListen
    }
    return { metricsAddress, close }
  } catch (error) {
    await close()
    throw error
  }
}
