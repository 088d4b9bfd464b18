/**
 * A driver of the hypervisor port for agents that are processes of their own: it asks a world in another process
 * (`serve-world.ts`). This module is one that the configuration can name:
 *
 * ```toml
 * [hypervisor]
 * driver = "…/packages/sim/src/wire/socket-hypervisor.ts"
 * uri = "sim+unix:///run/world.sock?host=h1"
 * ```
 */
import { connect, type Socket } from 'node:net'
import {
  type Hypervisor,
  HypervisorError,
  type HypervisorEvent,
  type MigrationProgress,
  type MigrationResult,
} from '@drover/agent/runtime'
import { onJsonLines, sendJsonLine } from './json-lines.ts'
import type { AnswerOf, Call, CallName, Told } from './world-calls.ts'

export interface SocketHypervisorInit {
  /** Path of the world's unix socket. */
  readonly socket: string
  /** Name of this agent's host in the world. */
  readonly host: string
  /** How long any call but a migration waits for the world, ms. Default 30,000: longer than the world lets a hung daemon wait. */
  readonly timeoutMs?: number
  /** Pause before the next try to connect, ms. Default 250. */
  readonly retryMs?: number
}

interface Waiting {
  resolve(answer: AnswerOf[CallName]): void
  reject(error: HypervisorError): void
  readonly onProgress: ((progress: MigrationProgress) => void) | undefined
}

interface SocketState {
  readonly init: Required<SocketHypervisorInit>
  readonly waiting: Map<number, Waiting>
  readonly listeners: Set<(event: HypervisorEvent) => void>
  socket: Socket | null
  retry: NodeJS.Timeout | null
  connected: boolean
  trouble: string
  opened: boolean
  lastNumber: number
}

const tell = (state: SocketState, event: HypervisorEvent): void => {
  if (event.kind === 'connected') state.connected = true
  if (event.kind === 'disconnected') {
    state.connected = false
    state.trouble = event.reason
  }
  for (const listener of [...state.listeners]) listener(event)
}

const hear = (state: SocketState, told: Told): void => {
  if (told.kind === 'event') return tell(state, told.event)
  if (told.kind === 'refused') {
    state.trouble = told.text
    return
  }
  const asked = state.waiting.get(told.number)
  if (asked === undefined) return
  if (told.kind === 'progress') return asked.onProgress?.(told.progress)
  state.waiting.delete(told.number)
  if (told.kind === 'answer') asked.resolve(told.answer)
  else asked.reject(new HypervisorError(told.code, told.text))
}

/** Nothing more comes over the socket: what was asked stays without an answer. */
const lose = (state: SocketState, why: string): void => {
  state.socket = null
  const unheard = [...state.waiting.values()]
  state.waiting.clear()
  for (const { reject } of unheard) reject(new HypervisorError('hypervisor.unreachable', why))
  if (state.connected) tell(state, { kind: 'disconnected', reason: why })
}

const open = (state: SocketState): void => {
  const { socket: path, host, retryMs } = state.init
  const socket = connect(path)
  state.socket = socket
  sendJsonLine(socket, { hello: host }) // goes out first, once it is connected
  onJsonLines(
    socket,
    (value) => hear(state, value as Told), // of the same code at the other end
    (why) => {
      state.trouble = why
      socket.destroy()
    },
  )
  socket.on('error', (error) => {
    state.trouble = error.message
  })
  socket.on('close', () => {
    if (state.socket !== socket) return
    lose(state, `the world behind ${path} is gone`)
    if (state.opened) state.retry = setTimeout(() => open(state), retryMs)
  })
}

const ask = <Name extends CallName>(
  state: SocketState,
  call: Extract<Call, { name: Name }>,
  timeoutMs: number | null,
  onProgress?: (progress: MigrationProgress) => void,
): Promise<AnswerOf[Name]> =>
  new Promise((resolve, reject) => {
    const { socket } = state
    if (socket === null) return reject(new HypervisorError('hypervisor.unreachable', state.trouble))
    state.lastNumber += 1
    const number = state.lastNumber
    const timer =
      timeoutMs === null
        ? undefined
        : setTimeout(() => {
            state.waiting.delete(number)
            reject(new HypervisorError('hypervisor.timeout', `no answer to ${call.name} in ${timeoutMs} ms`))
          }, timeoutMs)
    state.waiting.set(number, {
      resolve(answer) {
        clearTimeout(timer)
        resolve(answer as AnswerOf[Name]) // the number is that of this call
      },
      reject(error) {
        clearTimeout(timer)
        reject(error)
      },
      onProgress,
    })
    sendJsonLine(socket, { number, call })
  })

const unknown = (error: unknown): MigrationResult => {
  if (!(error instanceof HypervisorError)) throw error
  return { kind: 'unknown', code: error.code, detail: error.message }
}

export const createSocketHypervisor = (init: SocketHypervisorInit): Hypervisor => {
  const state: SocketState = {
    init: { timeoutMs: 30_000, retryMs: 250, ...init },
    waiting: new Map(),
    listeners: new Set(),
    socket: null,
    retry: null,
    connected: false,
    trouble: 'not opened',
    opened: false,
    lastNumber: 0,
  }
  const { timeoutMs } = state.init
  const where = (at: string | undefined) => (at === undefined ? {} : { at })
  const order = async (call: Extract<Call, { name: keyof Hypervisor }>): Promise<void> => {
    await ask(state, call, timeoutMs)
  }
  return {
    driver: 'simulated',
    open() {
      if (state.opened) return
      state.opened = true
      state.trouble = `the world behind ${init.socket} has not answered`
      open(state)
    },
    get connected() {
      return state.connected
    },
    get trouble() {
      return state.connected ? null : state.trouble
    },
    host: () => ask<'host'>(state, { name: 'host' }, timeoutMs),
    sample: () => ask<'sample'>(state, { name: 'sample' }, timeoutMs),
    jobs: () => ask<'jobs'>(state, { name: 'jobs' }, timeoutMs),
    locate: (vm, at) => ask<'locate'>(state, { name: 'locate', vm, ...where(at) }, timeoutMs),
    migrate: (request, onProgress) =>
      ask<'migrate'>(
        state,
        { name: 'migrate', request: { ...request, autoConverge: request.autoConverge ?? true } },
        null,
        onProgress,
      ).catch(unknown),
    limit: (vm, bandwidthMiBps) => order({ name: 'limit', vm, bandwidthMiBps }),
    abort: (vm) => order({ name: 'abort', vm }),
    resume: (vm, at) => order({ name: 'resume', vm, ...where(at) }),
    setAutostart: (vm) => order({ name: 'setAutostart', vm }),
    save: (vm) => order({ name: 'save', vm }),
    restore: (vm) => order({ name: 'restore', vm }),
    start: (vm) => order({ name: 'start', vm }),
    shutdown: (vm) => order({ name: 'shutdown', vm }),
    events(listener) {
      state.listeners.add(listener)
      return () => void state.listeners.delete(listener)
    },
    async close() {
      state.opened = false
      if (state.retry !== null) clearTimeout(state.retry)
      const { socket } = state
      state.listeners.clear()
      lose(state, 'closed')
      socket?.destroy()
    },
  }
}

/** `sim+unix:///path/of/the/socket?host=h1`. Throws TypeError for anything else. */
export const placeOf = (uri: string): { readonly socket: string; readonly host: string } => {
  const url = URL.parse(uri)
  const host = url?.searchParams.get('host') ?? ''
  if (url?.protocol !== 'sim+unix:' || url.pathname === '' || host === '')
    throw new TypeError(`expected something like sim+unix:///run/world.sock?host=h1, not '${uri}'`)
  return { socket: decodeURIComponent(url.pathname), host }
}

/** What the agent calls when the configuration names this module. Throws TypeError for a URI that is none of `placeOf`. */
export const createHypervisor = ({ uri }: { readonly uri: string }): Hypervisor =>
  createSocketHypervisor(placeOf(uri))
