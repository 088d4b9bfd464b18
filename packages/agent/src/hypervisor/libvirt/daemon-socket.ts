/** From a URI to an open byte stream to the daemon: unix socket, TCP or TLS. */
import { existsSync } from 'node:fs'
import { connect as connectPlain, isIP, type Socket } from 'node:net'
import { type ConnectionOptions, connect as connectTls, type TLSSocket } from 'node:tls'
import type { LibvirtUri, PkiPaths } from '../../config/libvirt-uri.ts'
import { wordsOf } from '../../errors.ts'
import { givenBytes, readGiven } from '../../given/read-given.ts'
import { unreachable } from './libvirt-errors.ts'

/** What the daemon sends once it has accepted the client's certificate, before any packet. */
const tlsAccepted = 1

const read = (path: string | null): Buffer | undefined => {
  if (path === null) return undefined
  try {
    return readGiven(path, { bytesMax: givenBytes.settings })
  } catch (error) {
    throw unreachable(`TLS: ${wordsOf(error)}`, error)
  }
}

const tlsOptions = (pki: PkiPaths): ConnectionOptions => {
  const [ca, cert, key] = [read(pki.ca), read(pki.cert), read(pki.key)]
  return {
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
  }
}

/** Resolves with an open socket; rejects with `hypervisor.unreachable` after at most `timeoutMs`. */
export const openDaemonSocket = async (uri: LibvirtUri, timeoutMs: number): Promise<Socket> => {
  const { transport } = uri
  switch (transport.kind) {
    case 'unix': {
      const path = transport.sockets.find((candidate) => existsSync(candidate)) ?? transport.sockets[0]
      return opened(connectPlain({ path }), 'connect', uri, timeoutMs)
    }
    case 'tcp': {
      const socket = connectPlain({ host: transport.host, port: transport.port, noDelay: true })
      return opened(socket, 'connect', uri, timeoutMs)
    }
    case 'tls': {
      const { host, port, verify } = transport
      const servername = isIP(host) === 0 ? { servername: host } : {}
      const pki = tlsOptions(transport.pki)
      const socket = connectTls({ host, port, ...servername, ...pki, rejectUnauthorized: verify })
      socket.setNoDelay(true)
      return accepted((await opened(socket, 'secureConnect', uri, timeoutMs)) as TLSSocket, uri, timeoutMs)
    }
    default:
      return transport satisfies never
  }
}

/** Waits for `event`, an error, the end or the time-out, whichever comes first. */
const opened = (socket: Socket, event: string, uri: LibvirtUri, timeoutMs: number): Promise<Socket> =>
  new Promise((resolve, reject) => {
    const settle = (reason: string | null, cause?: unknown): void => {
      clearTimeout(timer)
      socket.off(event, happened).off('error', failed).off('close', closed)
      if (reason === null) return void resolve(socket)
      socket.destroy()
      reject(unreachable(`${uri.text}: ${reason}`, cause))
    }
    const happened = (): void => settle(null)
    const failed = (error: Error): void => settle(error.message, error)
    const closed = (): void => settle('closed by the other side')
    const timer = setTimeout(() => settle(`no answer within ${timeoutMs} ms`), timeoutMs)
    socket.once(event, happened).once('error', failed).once('close', closed)
    socket.on('error', () => {}) // an error without a listener would end the process
  })

/** The daemon checks the client's certificate after the handshake and then says yes with one byte, or hangs up. */
const accepted = async (socket: TLSSocket, uri: LibvirtUri, timeoutMs: number): Promise<Socket> => {
  await opened(socket, 'readable', uri, timeoutMs)
  const answer = socket.read(1) as Buffer | null
  if (answer?.[0] === tlsAccepted) return socket
  socket.destroy()
  throw unreachable(`${uri.text}: the daemon did not accept this host's certificate`)
}
