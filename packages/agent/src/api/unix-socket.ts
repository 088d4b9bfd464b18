/** The unix socket of the local API: one agent per host holds it. */
import { chmodSync, lstatSync, mkdirSync, unlinkSync } from 'node:fs'
import { connect, type Server } from 'node:net'
import { dirname } from 'node:path'
import { CodedError, systemCodeOf, wordsOf } from '../errors.ts'

/** `socket.taken`: another agent answers there. `socket.failed`: it cannot be made. */
export class SocketError extends CodedError<'socket.taken' | 'socket.failed'> {}

/** Does a process accept connections there? */
const answers = (path: string): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(path)
    const end = (alive: boolean): void => {
      socket.destroy()
      resolve(alive)
    }
    socket.once('connect', () => end(true))
    // EACCES: a socket that we may not even try is not ours to remove.
    socket.once('error', (error: NodeJS.ErrnoException) => end(error.code === 'EACCES'))
  })

const listenOnce = (server: Server, path: string): Promise<void> =>
  new Promise((resolve, reject) => {
    server.once('error', reject)
    // With this umask the file is open to owner and group only, from its first moment on.
    const umask = process.umask(0o117)
    try {
      server.listen(path, () => {
        server.off('error', reject)
        resolve()
      })
    } finally {
      process.umask(umask)
    }
  })

/** Listens with mode 0660. The file of a dead agent is replaced; a living agent's is an error. */
export const listenOnSocket = async (server: Server, path: string): Promise<void> => {
  const failed = (error: unknown): never => {
    throw new SocketError('socket.failed', `cannot listen on ${path}: ${wordsOf(error)}`, { cause: error })
  }
  try {
    mkdirSync(dirname(path), { recursive: true })
  } catch (error) {
    failed(error)
  }
  try {
    await listenOnce(server, path)
  } catch (error) {
    if (systemCodeOf(error) !== 'EADDRINUSE') failed(error)
    if (await answers(path))
      throw new SocketError('socket.taken', `another agent is running on this host: it answers on ${path}`)
    try {
      if (!lstatSync(path).isSocket()) throw new Error('a file that is no socket is in the way')
      unlinkSync(path)
      await listenOnce(server, path)
    } catch (second) {
      failed(second)
    }
  }
  chmodSync(path, 0o660)
}
