/** `drover agent` as a process inside a host of the testbed, and the command line that talks to it from outside. */
import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { StatusAnswer } from '../../packages/agent/src/api/client.ts'
import { type ApiClient, createApiClient } from '../../packages/agent/src/api/client.ts'
import { type Host, type HostProcess, type Testbed, until } from '../testbed/testbed.ts'

/** CPU of each host: its quota, and what its agent is told. Two cores carry three such hosts when not all are full. */
export const cpuMilli = 700
const memoryMiB = 1_024
export const drover = join(import.meta.dirname, '../../packages/agent/bin/drover.js')
/** Starting Node with libp2p takes seconds when two cores are shared by many. */
const startMs = 60_000
/** For what takes a few seconds on an idle machine. */
export const patienceMs = 60_000

/** What a story sets in the configuration of its agents. */
export interface AgentOptions {
  /** Lines for `[policy]`, e.g. `bandwidth_mib_per_s = 8`. */
  readonly policy?: readonly string[]
  readonly mode?: 'auto' | 'observe'
}

export interface Ran {
  readonly code: number | null
  readonly out: string
  readonly err: string
}

/** Runs `drover …` to its end, outside of the hosts: sockets are reached through the file system. */
export const cli = async (args: readonly string[], timeoutMs = patienceMs): Promise<Ran> => {
  const child = spawn(process.execPath, [drover, ...args], { stdio: ['ignore', 'pipe', 'pipe'] })
  const ran = { out: '', err: '' }
  child.stdout.setEncoding('utf8').on('data', (text) => (ran.out += text))
  child.stderr.setEncoding('utf8').on('data', (text) => (ran.err += text))
  const timer = setTimeout(() => child.kill('SIGKILL'), timeoutMs)
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve))
  clearTimeout(timer)
  return { code, ...ran }
}

/** One line of an agent's log. */
export interface LogLine {
  readonly level: number
  readonly time: number
  readonly msg: string
  readonly code?: string | null
  readonly [field: string]: unknown
}

/** The agent of one host. */
export interface HostAgent {
  readonly host: Host
  readonly name: string
  readonly socket: string
  readonly logPath: string
  readonly configPath: string
  readonly api: ApiClient
  readonly alive: boolean
  /** Starts its process, again after it has ended; the journal is the same. Returns when it answers. */
  start(): Promise<void>
  /** kill -9; returns when it is dead. */
  kill(): Promise<void>
  /** Its journal is gone, its identity stays. Only while it is dead. */
  loseJournal(): void
  /** SIGTERM; returns its exit code. */
  stop(): Promise<number | null>
  status(): Promise<StatusAnswer>
  /** `drover …` with this agent's socket. */
  cli(...args: string[]): Promise<Ran>
  log(): readonly LogLine[]
}

const configOf = (
  bed: Testbed,
  host: Host,
  home: string,
  { policy = [], mode = 'auto' }: AgentOptions,
): string => {
  const text = (value: string) => JSON.stringify(value)
  const others = bed.hosts.filter((other) => other !== host)
  return `
mode = ${text(mode)}
[host]
name = ${text(host.name)}
data_dir = ${text(join(home, 'data'))}
[capacity]
cpu_milli = ${cpuMilli}
memory_mib = ${memoryMiB}
[reserve]
cpu_milli = 0
memory_mib = 0
[hypervisor]
migration_uri = ${text(host.migrationUri)}
sample_ms = 1000
[network]
listen = [${text(`/ip4/${host.address}/tcp/7946`)}]
bootstrap = [${others.map((other) => text(`/ip4/${other.address}/tcp/7946`)).join(', ')}]
cluster_key_file = ${text(keyFile(bed))}
[policy]
overload_hold_ms = 2000
cooldown_ms = 3000
gossip_ms = 500
quarantine_ms = 5000
${policy.join('\n')}
[api]
socket = ${text(join(home, 'drover.sock'))}
[log]
level = "debug"
`
}

const keyFile = (bed: Testbed): string => {
  const file = join(bed.dir, 'cluster.key')
  if (!existsSync(file)) writeFileSync(file, randomBytes(32).toString('base64'), { mode: 0o600 })
  return file
}

/** Writes its configuration; it is not started. `number` tells the stories of one testbed apart. */
export const hostAgent = (bed: Testbed, host: Host, number: number, options: AgentOptions): HostAgent => {
  const home = join(host.dir, String(number))
  mkdirSync(home, { recursive: true })
  const configPath = join(home, 'config.toml')
  const socket = join(home, 'drover.sock')
  const logPath = join(home, 'agent.log')
  writeFileSync(configPath, configOf(bed, host, home, options), { mode: 0o600 })
  writeFileSync(logPath, '')
  const api = createApiClient(socket, 20_000)
  let running: HostProcess | null = null

  return {
    host,
    name: host.name,
    socket,
    logPath,
    configPath,
    api,
    get alive() {
      return running?.alive ?? false
    },
    async start() {
      const process_ = await host.exec([process.execPath, drover, 'agent', '--config', configPath], {
        output: logPath,
      })
      running = process_
      await until(`the agent of ${host.name} answers`, startMs, async () => {
        if (!process_.alive) throw new Error(`the agent of ${host.name} ended; see its log`)
        return await api.status().catch(() => null)
      })
    },
    async kill() {
      running?.kill('SIGKILL')
      await running?.exited
    },
    loseJournal() {
      const data = join(home, 'data')
      for (const file of readdirSync(data)) if (file !== 'identity.key') rmSync(join(data, file))
    },
    async stop() {
      running?.kill('SIGTERM')
      return (await running?.exited)?.code ?? null
    },
    status: () => api.status(),
    cli: (...args) => cli([...args, '--socket', socket]),
    log: () =>
      readFileSync(logPath, 'utf8')
        .split('\n')
        .flatMap((line) => {
          try {
            return [JSON.parse(line) as LogLine]
          } catch {
            return [] // words for people, or a line that is just being written
          }
        }),
  }
}
