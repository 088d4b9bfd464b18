/** A cluster of cores in virtual time, as its stories see it; `virtual-cluster.ts` makes one. */
import type {
  Answer,
  Command,
  Decision,
  Effect,
  HostId,
  Message,
  Mode,
  Peer,
  Policy,
  Problem,
  Reply,
  Rule,
  VmId,
} from '../../packages/protocol/src/index.ts'
import type { ManualClock } from '../../packages/sim/src/clock.ts'
import type { World } from '../../packages/sim/src/hypervisor/world.ts'
import type { Checker } from '../../packages/sim/src/invariants.ts'
import type { Random } from '../../packages/sim/src/random.ts'

export interface ClusterOptions {
  readonly hosts: number
  readonly seed?: number
  readonly policy?: Partial<Policy>
  readonly mode?: Mode
  readonly rules?: readonly Rule[]
  /** Per host. Default 8 cores, 32 GiB, of which all is usable. */
  readonly cpuMilli?: number
  readonly memoryMiB?: number
  readonly sampleMs?: number
  readonly latencyMs?: number
  /** Instead of the real solver. */
  readonly solver?: (problem: Problem) => Answer
  /** What a solve takes, ms. */
  readonly solveMs?: number
  /**
   * Kills the agent that is to carry out the n-th effect that matters (probes, summaries and time-outs do not), before
   * or after it does; told in `crashed`. The agent is started again a second later.
   */
  readonly crash?: {
    readonly effect: number
    readonly when: 'before' | 'after'
    readonly journal: 'intact' | 'lost'
  }
  /** Printed by a failing test; every message and decision. */
  readonly trace?: boolean
  /** Hears each effect that an agent's core asks for, before it is carried out. */
  readonly observe?: (host: number, effect: Effect) => void
}

/** What the network does to messages between agents, each with this probability. */
export interface Weather {
  drop: number
  duplicate: number
  /** Added to the latency: up to this many ms more. */
  jitterMs: number
}

export interface Cluster {
  readonly clock: ManualClock
  readonly world: World
  readonly checker: Checker
  readonly random: Random
  readonly weather: Weather
  readonly ids: readonly HostId[]
  readonly decisions: readonly { readonly by: HostId; readonly decision: Decision }[]
  readonly messages: readonly { readonly from: HostId; readonly to: HostId; readonly message: Message }[]
  vm(name: string, host: number, cpuMilli: number, changes?: object): VmId
  peer(host: number): Peer
  run(ms: number): Promise<void>
  /** Runs until the condition holds; false when `ms` passed without. */
  until(condition: () => boolean, ms: number): Promise<boolean>
  command(host: number, command: Command): Promise<Reply>
  /** The same, without waiting for the reply. */
  tell(host: number, command: Command): string
  replies: Map<string, Reply>
  /** Which effect met with the crash that was asked for, or null: the story has fewer effects. */
  crashed(): string | null
  killAgent(host: number): void
  restartAgent(host: number): void
  loseJournal(host: number): void
  fullJournal(host: number, full: boolean): void
  /** From now on this host's agent says that instead of what its core wants said: a peer that means harm. */
  lies(host: number, lie: (message: Message) => Message): void
  killHost(host: number): void
  bootHost(host: number): void
  cut(a: number, b: number): void
  heal(): void
  overloaded(): readonly string[]
  /** Deduplicated by id, the leader's own last word. */
  outcomes(): readonly Decision[]
}
