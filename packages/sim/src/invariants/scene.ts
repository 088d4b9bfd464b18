/** What all checks of the observer look at, and what each of them is. */
import type { HostId, Policy, Resources, Rule } from '@drover/protocol'
import type { WorldEvent } from '../hypervisor/events.ts'
import type { World } from '../hypervisor/world.ts'
import type { AgentEvent } from './agent-feed.ts'
import type { Findings } from './findings.ts'
import type { HostBook } from './host-book.ts'

export interface Scene {
  readonly world: World
  readonly findings: Findings
  /** capacity − reserve of a host, as its agent is configured. */
  readonly usable: (host: string) => Resources
  /** All hosts that ever had an agent. */
  readonly books: ReadonlyMap<HostId, HostBook>
  /** The same by the host's name. */
  readonly named: (host: string) => HostBook | null
  /** As the agents are configured; null: not told. */
  readonly policy: Policy | null
  readonly rules: readonly Rule[]
}

/** Each promise, or pair of them, is one; it hears of an event before it is noted in the books. */
export interface Check {
  agent?(event: AgentEvent, book: HostBook): void
  world?(event: WorldEvent): void
}
