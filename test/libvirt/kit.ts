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
import { readFileSync } from 'node:fs'
import { after, type TestContext, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { durationText } from '@drover/protocol'
import {
  type Guest,
  type GuestOptions,
  kernelDied,
  linesAround,
  missing,
  Testbed,
  tellVerdict,
  until,
} from '../testbed/testbed.ts'
import { type AgentOptions, cpuMilli, type HostAgent, hostAgent, patienceMs } from './host-agent.ts'

export { cli, drover, type HostAgent, patienceMs } from './host-agent.ts'

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

export interface StoryOptions extends AgentOptions {
  /** Host number of each guest. */
  readonly guests?: Readonly<Record<string, number>>
  /** What their descriptions have beyond the usual; a guest that has any is not used again. */
  readonly special?: Readonly<Record<string, GuestOptions>>
  /** Start the agents and wait for the ring; default true. */
  readonly start?: boolean
}

export interface Suite {
  story(name: string, options: StoryOptions, tell: (story: Story) => Promise<void>): void
}

/**
 * QEMU's emulator (TCG; KVM is another matter) may lose a write of a guest that is being copied: its CPU has looked whether the
 * page is to be marked as changed, and loses the processor before it writes. On a busy machine the copy has a stale page now
 * and then, and the guest's kernel dies of it.
 */
class DamagedGuest extends Error {
  constructor(name: string, options: ErrorOptions) {
    super(`the kernel of ${name} has died of damaged memory`, options)
  }
}

export const libvirtSuite = (options: { readonly hosts: number }): Suite => {
  let bed: Testbed | null = null
  let told = 0
  const spare = new Map<string, Guest>()
  after(async () => {
    await bed?.down()
  })

  const tellOnce = async (
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
      const damaged = [...stage.values()].find((guest) => kernelDied(guest.log()))
      throw damaged === undefined ? error : new DamagedGuest(damaged.name, { cause: error })
    } finally {
      await clear(bed, agents, stage, spare, storyOptions)
    }
  }

  /** A story whose guest was damaged by its emulator is no story, and is told again, once. */
  const tellOne = async (...story: Parameters<typeof tellOnce>): Promise<void> => {
    try {
      await tellOnce(...story)
    } catch (error) {
      if (!(error instanceof DamagedGuest)) throw error
      story[0].diagnostic(`${error.message}; the story is told again`)
      await tellOnce(...story)
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
  assert.deepEqual(
    verdict.violations,
    [],
    `${name}: ${tellVerdict(verdict)}\n${linesAround(guest.log(), verdict)}`,
  )
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
  // A guest left over from before would be load that the story does not know.
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
