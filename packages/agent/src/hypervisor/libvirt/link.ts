/**
 * The lasting connection to one daemon: connects, subscribes to events, and reconnects with back-off until closed.
 * `open` never throws; calls made while there is no connection fail with `hypervisor.unreachable`.
 */

import type { LibvirtUri } from '../../config/libvirt-uri.ts'
import { wordsOf } from '../../errors.ts'
import { pauseMs, retryPauses } from '../../retry-pauses.ts'
import type { Connection } from './connection.ts'
import { type DomainEvent, decodeEvent, registrations } from './domain-events.ts'
import { unreachable } from './libvirt-errors.ts'
import { type Procedure, registerEvent } from './procedures.ts'
import { openSession, type SessionOptions } from './session.ts'

export interface LinkListener {
  connected(): void
  disconnected(reason: string): void
  event(event: DomainEvent): void
  /** It told something that cannot be so. */
  odd(what: string): void
}

export class Link {
  readonly #uri: LibvirtUri
  readonly #options: SessionOptions
  readonly #listener: LinkListener
  readonly #waiting = new Set<(connected: boolean) => void>()
  #connection: Connection | null = null
  #trouble: string | null = 'not opened'
  #state: 'new' | 'open' | 'closed' = 'new'
  /** In a row. */
  #failures = 0
  #timer: NodeJS.Timeout | undefined

  constructor(uri: LibvirtUri, options: SessionOptions, listener: LinkListener) {
    this.#uri = uri
    this.#options = options
    this.#listener = listener
  }

  get connected(): boolean {
    return this.#connection !== null
  }

  /** Why not connected, in one line; null when connected. */
  get trouble(): string | null {
    return this.#trouble
  }

  open(): void {
    if (this.#state !== 'new') return
    this.#state = 'open'
    this.#trouble = `connecting to ${this.#uri.text}`
    void this.#connect()
  }

  close(): void {
    if (this.#state === 'closed') return
    this.#state = 'closed'
    clearTimeout(this.#timer)
    this.#connection?.close('closed by us')
    this.#trouble = 'closed'
    this.#release(false)
  }

  call<Args, Result>(
    procedure: Procedure<Args, Result>,
    args: Args,
    timeoutMs?: number | null,
  ): Promise<Result> {
    if (this.#connection === null) return Promise.reject(unreachable(this.#trouble ?? 'not connected'))
    return this.#connection.call(procedure, args, timeoutMs)
  }

  /** True as soon as there is a connection, false after `waitMs` or when closed. */
  ready(waitMs: number): Promise<boolean> {
    if (this.#connection !== null || this.#state === 'closed' || waitMs <= 0)
      return Promise.resolve(this.#connection !== null)
    return new Promise((resolve) => {
      const done = (connected: boolean): void => {
        clearTimeout(timer)
        this.#waiting.delete(done)
        resolve(connected)
      }
      const timer = setTimeout(() => done(false), waitMs)
      this.#waiting.add(done)
    })
  }

  async #connect(): Promise<void> {
    let connection: Connection
    try {
      connection = await openSession(this.#uri, this.#options)
      await this.#subscribe(connection)
      if (connection.closed !== null) throw unreachable(connection.closed)
    } catch (error) {
      if (this.#state !== 'closed') this.#retry(wordsOf(error))
      return
    }
    if (this.#state === 'closed') return connection.close('closed by us')
    this.#connection = connection
    this.#trouble = null
    this.#failures = 0
    connection.onClose = (reason) => this.#lost(reason)
    this.#listener.connected()
    this.#release(true)
  }

  async #subscribe(connection: Connection): Promise<void> {
    connection.onOdd = (what) => this.#listener.odd(what)
    connection.onMessage = (procedure, payload) => {
      const event = decodeEvent(procedure, payload, (what) => this.#listener.odd(`an event: ${what}`))
      if (event !== null) this.#listener.event(event)
    }
    try {
      for (const { event, needed } of registrations) {
        const registered = connection.call(registerEvent, { event })
        await (needed ? registered : registered.catch(() => undefined))
      }
    } catch (error) {
      connection.close('could not subscribe to events')
      throw error
    }
  }

  #lost(reason: string): void {
    this.#connection = null
    this.#listener.disconnected(reason)
    if (this.#state !== 'closed') this.#retry(reason)
  }

  #retry(reason: string): void {
    this.#trouble = reason
    this.#failures += 1
    this.#timer = setTimeout(() => void this.#connect(), pauseMs(retryPauses.hypervisor, this.#failures))
  }

  #release(connected: boolean): void {
    for (const done of [...this.#waiting]) done(connected)
  }
}
