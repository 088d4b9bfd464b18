/** One agent as a process: started, killed, stopped, and started again when it ends by itself, as systemd would. */
import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, openSync, readFileSync } from 'node:fs'
import { createApiClient, type StatusAnswer } from '../../../packages/agent/src/api/client.ts'
import { namespaceOf } from '../network/namespaces.ts'
import { drover } from './agent-config.ts'
import type { Disk } from './disk.ts'

/** Pause before an agent that ended by itself is started again, ms. */
const restartMs = 1_000
/** An agent that does not answer its operator for so long is asked again, ms. */
const askMs = 15_000

export interface AgentProcessInit {
  readonly host: number
  readonly config: string
  readonly logFile: string
  readonly socket: string
  readonly disk: Disk
  /** It ended unasked. `excuse` = what made it; null = a fault of the agent's. */
  readonly onDeath: (host: number, how: string, excuse: string | null) => void
}

export interface AgentProcess {
  readonly host: number
  readonly name: string
  readonly disk: Disk
  /** Null while there is none. */
  readonly pid: number | null
  /** It runs, and is not stopped by SIGSTOP. */
  readonly awake: boolean
  /** Since when there is a process, on the clock of `performance.now`. */
  readonly startedAt: number
  readonly starts: number
  /** From now on there should be one. */
  start(): void
  /** From now on there should be none; resolves when it is gone. */
  kill(): Promise<void>
  terminate(): Promise<void>
  freeze(): void
  thaw(): void
  /** Null when it does not answer. */
  status(): Promise<StatusAnswer | null>
  readonly client: ReturnType<typeof createApiClient>
}

interface ProcessState {
  readonly init: AgentProcessInit
  child: ChildProcess | null
  gone: Promise<void>
  /** There should be one. */
  wanted: boolean
  /** Asked to end: its death is no surprise, also when another one is wanted by then. */
  readonly asked: WeakSet<ChildProcess>
  frozen: boolean
  startedAt: number
  starts: number
  again: NodeJS.Timeout | null
}

const excuseOf = ({ init, startedAt }: ProcessState, code: number | null): string | null => {
  if (code !== 1) return null
  const end = readFileSync(init.logFile, 'utf8').slice(-2_000)
  // A journal cannot begin on a full disk: systemd would try again and again, too.
  return init.disk.fullSince(startedAt) && /journal\.full|ENOSPC|is full|no space/i.test(end)
    ? 'its disk was full'
    : null
}

const launch = (state: ProcessState): void => {
  const { host, config, logFile, onDeath } = state.init
  const log = openSync(logFile, 'a')
  const child = spawn(
    'ip',
    ['netns', 'exec', namespaceOf(host), process.execPath, drover, 'agent', '--config', config],
    { stdio: ['ignore', log, log], env: process.env },
  )
  closeSync(log)
  state.child = child
  state.frozen = false
  state.startedAt = performance.now()
  state.starts += 1
  state.gone = new Promise((resolve) => {
    child.on('exit', (code, signal) => {
      if (state.child === child) state.child = null
      resolve()
      if (state.asked.has(child)) return
      onDeath(host, signal ?? `exit code ${code}`, excuseOf(state, code))
      state.again = setTimeout(() => {
        if (state.wanted && state.child === null) launch(state)
      }, restartMs)
    })
  })
}

const end = (state: ProcessState, signal: 'SIGKILL' | 'SIGTERM'): Promise<void> => {
  state.wanted = false
  if (state.again !== null) clearTimeout(state.again)
  if (state.child === null) return Promise.resolve()
  state.asked.add(state.child)
  state.child.kill(signal)
  // One that is stopped hears SIGTERM when it goes on.
  state.child.kill('SIGCONT')
  return state.gone
}

export const createAgentProcess = (init: AgentProcessInit): AgentProcess => {
  const state: ProcessState = {
    init,
    child: null,
    gone: Promise.resolve(),
    wanted: false,
    asked: new WeakSet(),
    frozen: false,
    startedAt: 0,
    starts: 0,
    again: null,
  }
  const client = createApiClient(init.socket, askMs)
  return {
    host: init.host,
    name: `h${init.host}`,
    disk: init.disk,
    client,
    get pid() {
      return state.child?.pid ?? null
    },
    get awake() {
      return state.child !== null && !state.frozen
    },
    get startedAt() {
      return state.startedAt
    },
    get starts() {
      return state.starts
    },
    start() {
      if (state.wanted) return
      state.wanted = true
      if (state.child === null) launch(state)
      else void state.gone.then(() => state.wanted && state.child === null && launch(state))
    },
    kill: () => end(state, 'SIGKILL'),
    terminate: () => end(state, 'SIGTERM'),
    freeze() {
      state.frozen = state.child?.kill('SIGSTOP') ?? false
    },
    thaw() {
      state.frozen = false
      state.child?.kill('SIGCONT')
    },
    async status() {
      if (state.child === null || state.frozen) return null
      return client.status().catch(() => null)
    },
  }
}
