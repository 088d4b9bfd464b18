/** The state of the demo's story, and what can be asked of it: which hosts are calm, how much time is left. */
import type { Cluster } from '../harness/cluster.ts'
import { sleep } from '../harness/wait.ts'
import type { Random } from '../random.ts'
import type { DemoOptions } from './demo-options.ts'
import type { Episodes } from './episodes.ts'

export type Tone = 'act' | 'trouble' | 'good' | 'plain' | 'fault'
export type Tell = (tone: Tone, text: string) => void

export interface DemoState {
  readonly options: DemoOptions
  readonly cluster: Cluster
  readonly episodes: Episodes
  readonly random: Random
  readonly tell: Tell
  readonly stopped: () => boolean
  /** Real time, `performance.now()`. */
  readonly deadline: number
  /** Hosts behind a cut. */
  readonly apart: Set<string>
  /** What comes back later: the end of the story waits for it. */
  readonly restarts: Promise<void>[]
  readonly counts: Counts
}

export interface Counts {
  migrations: number
  migrationsFailed: number
  agentsKilled: number
  hostsKilled: number
}

/** Real time until the deadline, ms; none when the spectator has stopped the demo. */
export const leftMs = ({ stopped, deadline }: DemoState): number =>
  stopped() ? 0 : Math.max(0, deadline - performance.now())

/** Its agent lives and is not cut off. */
export const able = ({ cluster, apart }: Pick<DemoState, 'cluster' | 'apart'>, host: string): boolean =>
  cluster.agent(host) !== null && !apart.has(host)

/** Living hosts with a working agent that are not overloaded, in a random order. */
export const calmHosts = (demo: DemoState): string[] => {
  const { cluster, random } = demo
  return random.shuffle(
    cluster.hosts.filter(
      (host) =>
        cluster.world.host(host).alive && able(demo, host) && !cluster.overloadedHosts().includes(host),
    ),
  )
}

/** Resolves when the condition holds, or the time is over; says which. */
export const until = async (demo: DemoState, condition: () => boolean, ms: number): Promise<boolean> => {
  const end = performance.now() + Math.min(ms, leftMs(demo))
  while (!condition() && performance.now() < end) await sleep(20)
  return condition()
}
