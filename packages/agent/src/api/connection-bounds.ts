/** What one listener gives to strangers: each connection costs a file descriptor, of which the agent needs some for itself. */
import type { Server } from 'node:http'
import type { Socket } from 'node:net'

/** At a time. Against a stranger that holds all file descriptors of the agent. */
const connectionsMax = 64
/** … of one address. Against one that keeps all others out. */
const perSourceMax = 8

/** For `createServer`: how long a request may take to arrive, ms, and how often that is looked at. */
export const requestBounds = {
  headersTimeout: 5_000,
  requestTimeout: 10_000,
  keepAliveTimeout: 5_000,
  connectionsCheckingInterval: 1_000,
  maxHeaderSize: 16_384,
} as const

/** Further connections are closed at once. */
export const boundConnections = (server: Server): void => {
  const open = new Map<string, number>()
  server.maxConnections = connectionsMax
  server.on('connection', (socket: Socket) => {
    const source = socket.remoteAddress ?? ''
    const count = (open.get(source) ?? 0) + 1
    open.set(source, count)
    socket.once('close', () => {
      const left = (open.get(source) ?? 1) - 1
      if (left === 0) open.delete(source)
      else open.set(source, left)
    })
    if (count > perSourceMax) socket.destroy()
  })
}
