/**
 * Requests that lie unread at a hypervisor's daemon, as in its socket: they are carried out when it reads them, whether
 * their senders still live or not, and are lost with the daemon that had them.
 */
import type { HostRecord, State } from './state.ts'

export interface Request {
  /** The daemon reads it now. */
  readonly read: () => void
  /** The daemon that had it is dead. */
  readonly lost: () => void
}

/** It is read then, or, if the daemon does not serve at that time, as soon as it does. */
export const putRequest = ({ clock }: State, host: HostRecord, delayMs: number, request: Request): void => {
  host.requests.add(request)
  const read = (): void => {
    if (!host.requests.has(request)) return
    if (host.daemon !== 'up') {
      host.unread.push(read)
      return
    }
    host.requests.delete(request)
    request.read()
  }
  clock.after(delayMs, read)
}

/** The daemon serves again: it reads what was sent meanwhile, in that order. */
export const readAll = (host: HostRecord): void => {
  for (const read of host.unread.splice(0)) read()
}

/** The daemon is dead, and with it what it had not read. */
export const loseRequests = (host: HostRecord): void => {
  host.unread.length = 0
  const lost = [...host.requests]
  host.requests.clear()
  for (const request of lost) request.lost()
}
