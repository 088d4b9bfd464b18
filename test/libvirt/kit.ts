/**
 * What the stories on real hypervisors share: one testbed for a file, guests that are used again from story to story, and
 * for each story fresh agents (`drover agent`, a process of its own inside its host) with fresh journals and identities.
 *
 * ```ts
 * const suite = libvirtSuite({ hosts: 3 })
 * suite.story('a host is overloaded …', { guests: { hot: 1, warm: 1 } }, async ({ agents, guests }) => { … })
 * ```
 *
 * Whatever a story does, after it nothing of it runs: agents are killed by their pids, guests that are not well are
 * destroyed, hosts without power are powered on again. A story that fails shows the end of each agent's log, its
 * history, and where every guest is.
 */

import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, type TestContext, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { durationText } from '@drover/protocol'
import type { StatusAnswer } from '../../packages/agent/src/api/answers.ts'
import { type ApiClient, apiClient } from '../../packages/agent/src/api/client.ts'
import {
  type Guest,
  type GuestOptions,
  type Host,
  type HostProcess,
  missing,
  Testbed,
  tellVerdict,
  until,
} from '../testbed/testbed.ts'

/** CPU of each host: its quota, and what its agent is told. Two cores carry three such hosts when not all are full. */
export const cpuMilli = 700
const memoryMiB = 1_024
export const drover = join(import.meta.dirname, '../../packages/agent/bin/drover.js')
/** Starting Node with libp2p takes seconds when two cores are shared by many. */
const startMs = 60_000
/** For what takes a few seconds on an idle machine. */
export const patienceMs = 60_000

/** Why this machine cannot run real hypervisors at all; null = it can, once `install.sh` has run. */
export const impossible = (): string | null => {
  if (process.platform !== 'linux') return 'needs Linux'
  return process.getuid?.() === 0 ? null : 'needs root: namespaces, mounts, libvirtd'
}

/** A machine that could and is not prepared fails the tests: they were asked for. Throws, saying what to do. */
export const assertPrepared = (): void => {
  const lacks = missing()
  assert.deepEqual(lacks, [], `run test/testbed/install.sh as root; missing: ${lacks.join(', ')}`)
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
  /** What it remembered is gone, but not who it is. Only while it is dead. */
  loseJournal(): void
  /** SIGTERM; returns its exit code. */
  stop(): Promise<number | null>
  status(): Promise<StatusAnswer>
  /** `drover …` with this agent's socket. */
  cli(...args: string[]): Promise<Ran>
  log(): readonly LogLine[]
}

export interface Story {
  readonly bed: Testbed
  readonly agents: readonly HostAgent[]
  readonly guests: Readonly<Record<string, Guest>>
  readonly t: TestContext
  /** The agent of a host, by its number from 1. */
  agent(index: number): HostAgent
  /** A guest by its name. */
  guest(name: string): Guest
  /** Waits until each of these agents is able and sees all of them alive. */
  ring(agents?: readonly HostAgent[]): Promise<void>
  /** Where a guest runs; fails if that is not exactly one host, as all hypervisors that are on answer. */
  placeOf(guest: Guest): Promise<number>
}

export interface StoryOptions {
  /** Host number of each guest. */
  readonly guests?: Readonly<Record<string, number>>
  /** What their descriptions have beyond the usual; a guest that has any is not used again. */
  readonly special?: Readonly<Record<string, GuestOptions>>
  /** Lines for the agents' `[policy]`, e.g. `bandwidth_mib_per_s = 8`. */
  readonly policy?: readonly string[]
  readonly mode?: 'auto' | 'observe'
  /** Start the agents and wait for the ring; default true. */
  readonly start?: boolean
}

export interface Suite {
  story(name: string, options: StoryOptions, tell: (story: Story) => Promise<void>): void
}

export const libvirtSuite = (options: { readonly hosts: number }): Suite => {
  let bed: Testbed | null = null
  let told = 0
  const spare = new Map<string, Guest>()
  after(async () => {
    await bed?.down()
  })

  const tellOne = async (
    t: TestContext,
    storyOptions: StoryOptions,
    tell: (story: Story) => Promise<void>,
  ): Promise<void> => {
    assertPrepared()
    bed ??= await Testbed.up({ hosts: options.hosts, cpuMilli })
    told += 1
    const stage = await setStage(bed, told, spare, storyOptions)
    const agents = bed.hosts.map((host) => hostAgent(bed!, host, told, storyOptions))
    const story = makeStory(bed, agents, stage, t)
    try {
      if (storyOptions.start !== false) {
        await Promise.all(agents.map((agent) => agent.start()))
        await story.ring()
      }
      await tell(story)
      for (const [name, guest] of stage) assertWell(name, guest)
    } catch (error) {
      await show(t, agents, stage)
      throw error
    } finally {
      await clear(bed, agents, stage, spare, storyOptions)
    }
  }

  const skip = impossible()
  return {
    story: (name, storyOptions, tell) => {
      test(name, skip === null ? {} : { skip }, (t) => tellOne(t, storyOptions, tell))
    },
  }
}

/** The guest's own counter: it never ran twice, was never started again, and lost nothing. */
export const assertWell = (name: string, guest: Guest, boots = 1): void => {
  const verdict = guest.judge(boots)
  assert.deepEqual(verdict.violations, [], `${name}: ${tellVerdict(verdict)}`)
}

// ---- before a story

/** Brings every host up and every guest to its host, idle. */
const setStage = async (
  bed: Testbed,
  number: number,
  spare: Map<string, Guest>,
  { guests = {}, special = {} }: StoryOptions,
): Promise<Map<string, Guest>> => {
  for (const host of bed.hosts) {
    if (!host.on) await host.boot()
    else if (!host.libvirtdRuns) await host.startLibvirtd()
  }
  const stage = new Map<string, Guest>()
  const fresh: Guest[] = []
  for (const [name, index] of Object.entries(guests)) {
    const home = bed.host(index)
    const old = special[name] === undefined ? spare.get(name) : undefined
    const at = old === undefined ? null : await soundPlace(old)
    if (old !== undefined && at === null) await destroy(bed, old)
    if (old !== undefined && at !== null) {
      if (at !== home.name) await bed.migrate(old, bed.hosts.find((host) => host.name === at)!, home)
      stage.set(name, old)
    } else {
      spare.delete(name)
      const guest = await bed.vm(home, `${name}-${number}`, special[name] ?? {})
      fresh.push(guest)
      stage.set(name, guest)
    }
  }
  // A guest that nobody placed would be load of which the story says nothing.
  for (const [name, guest] of spare)
    if (!stage.has(name)) {
      await destroy(bed, guest)
      spare.delete(name)
    }
  if (fresh.length > 0) await bed.ready(...fresh)
  return stage
}

/** The host on which a guest runs, and nowhere else, without a fault in its log; else null. */
const soundPlace = async (guest: Guest): Promise<string | null> => {
  if (guest.judge().violations.length > 0) return null
  const places = await guest.where()
  return places.length === 1 && places[0]!.state === 'running' ? places[0]!.host : null
}

const destroy = async (bed: Testbed, guest: Guest): Promise<void> => {
  for (const { index } of await guest.where())
    await bed.hosts[index]!.virsh(['destroy', guest.uuid]).catch(() => '')
}

// ---- agents

const configOf = (
  bed: Testbed,
  host: Host,
  home: string,
  { policy = [], mode = 'auto' }: StoryOptions,
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

const hostAgent = (bed: Testbed, host: Host, number: number, options: StoryOptions): HostAgent => {
  const home = join(host.dir, String(number))
  mkdirSync(home, { recursive: true })
  const configPath = join(home, 'config.toml')
  const socket = join(home, 'drover.sock')
  const logPath = join(home, 'agent.log')
  writeFileSync(configPath, configOf(bed, host, home, options), { mode: 0o600 })
  writeFileSync(logPath, '')
  const api = apiClient(socket, 20_000)
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

const makeStory = (
  bed: Testbed,
  agents: readonly HostAgent[],
  stage: ReadonlyMap<string, Guest>,
  t: TestContext,
): Story => {
  const ring = async (of: readonly HostAgent[] = agents): Promise<void> => {
    await until(`${of.map((one) => one.name).join(', ')} form a ring`, patienceMs, async () => {
      const all = await Promise.all(of.map((one) => one.status()))
      const whole = all.every(({ view }) => {
        const alive = view.members.filter((member) => member.state === 'alive').map((m) => m.summary.name)
        return view.able && of.every((o) => o.name === view.description?.name || alive.includes(o.name))
      })
      return whole ? true : null
    })
  }
  return {
    bed,
    agents,
    guests: Object.fromEntries(stage),
    t,
    agent: (index) => agents[index - 1]!,
    guest: (name) => stage.get(name)!,
    ring,
    async placeOf(guest) {
      const places = await guest.where()
      assert.deepEqual(
        places.map(({ state, process: runs }) => [state, runs]),
        [['running', true]],
        `${guest.name}: ${JSON.stringify(places)}`,
      )
      return places[0]!.index + 1
    },
  }
}

// ---- after a story

const clear = async (
  bed: Testbed,
  agents: readonly HostAgent[],
  stage: ReadonlyMap<string, Guest>,
  spare: Map<string, Guest>,
  { special = {} }: StoryOptions,
): Promise<void> => {
  await Promise.all(agents.map((agent) => agent.kill()))
  for (const host of bed.hosts) if (host.on && !host.libvirtdRuns) await host.startLibvirtd()
  for (const [name, guest] of stage) {
    // A migration that outlived its agents is given the time to end.
    for (let i = 0; i < 50 && (await guest.where()).length > 1; i++) await sleep(200)
    const quiet =
      special[name] === undefined &&
      (await soundPlace(guest)) !== null &&
      (await Promise.all(['load 0', 'dirty 0'].map((line) => guest.console(line))).then(
        () => true,
        () => false,
      ))
    if (quiet) spare.set(name, guest)
    else {
      spare.delete(name)
      await destroy(bed, guest)
    }
  }
}

const logLinesShown = 40

/** What one wants to see of a story that failed. */
const show = async (
  t: TestContext,
  agents: readonly HostAgent[],
  stage: ReadonlyMap<string, Guest>,
): Promise<void> => {
  const say = (text: string) => {
    for (const line of text.split('\n')) t.diagnostic(line)
  }
  for (const [name, guest] of stage) {
    say(`${name}: ${JSON.stringify(await guest.where().catch(String))}`)
    say(tellVerdict(guest.judge()))
  }
  for (const agent of agents) {
    say(`---- ${agent.name}, ${agent.alive ? 'alive' : 'dead'}: the end of its log`)
    say(readFileSync(agent.logPath, 'utf8').trimEnd().split('\n').slice(-logLinesShown).join('\n'))
    if (!agent.alive) continue
    say(`---- ${agent.name}: drover status, drover history`)
    say((await agent.cli('status')).out)
    say((await agent.cli('history')).out)
  }
}

/** For diagnostics. */
export const seconds = (ms: number | null | undefined): string =>
  ms === null || ms === undefined ? 'not known' : durationText(Math.round(ms))
