/** Safety, all the time: the checker of the world, the leases that agents show, and agents that end by themselves. */

import type { StatusAnswer } from '../../../packages/agent/src/api/client.ts'
import type { Resources } from '../../../packages/placement/src/index.ts'
import type { PeerView } from '../../../packages/protocol/src/index.ts'
import type { World } from '../../../packages/sim/src/hypervisor/world.ts'
import { createChecker } from '../../../packages/sim/src/invariants/checker.ts'
import { policy } from '../agents/agent-config.ts'
import type { AgentProcess } from '../agents/agent-process.ts'

/** How often each agent is asked for its status, ms. */
const pollMs = 1_000
/** An agent may be stopped between its last measurement and what it does (SIGSTOP): so old may the ground of an admission be, ms. */
const staleMs = 60_000

export interface Watch {
  /** The last status of each agent that lives, by host. */
  readonly statuses: ReadonlyMap<number, StatusAnswer>
  /** In words, in the order found. */
  readonly violations: readonly string[]
  /** Migrations: begun, and how they truly ended. */
  readonly migrations: ReadonlyMap<string, number>
  /** A fault of an agent's that no checker of the world sees. */
  tell(text: string): void
  /** From now on only later statuses count, of this host or of all. */
  forget(host?: number): void
  checkAtRest(): void
  /** Ends the asking. */
  close(): Promise<void>
}

export interface WatchInit {
  readonly world: World
  readonly agents: readonly AgentProcess[]
  readonly capacity: Resources
  readonly onViolation: (text: string) => void
}

const ask = async (
  agent: AgentProcess,
  statuses: Map<number, StatusAnswer>,
  ended: () => boolean,
): Promise<void> => {
  while (!ended()) {
    const { starts } = agent
    const status = await agent.status()
    // Of the process that runs now: what a dead one said last says nothing of its successor.
    if (status !== null && agent.pid !== null && agent.starts === starts) statuses.set(agent.host, status)
    else if (agent.pid === null) statuses.delete(agent.host)
    await new Promise((resolve) => setTimeout(resolve, pollMs))
  }
}

export const startWatch = ({ world, agents, capacity, onViolation }: WatchInit): Watch => {
  const statuses = new Map<number, StatusAnswer>()
  const violations: string[] = []
  const migrations = new Map<string, number>()
  const count = (what: string): void => void migrations.set(what, (migrations.get(what) ?? 0) + 1)
  const tell = (text: string): void => {
    violations.push(text)
    onViolation(text)
  }

  world.events((event) => {
    if (event.kind === 'migration-started') count('begun')
    if (event.kind === 'migration-ended') count(event.end)
  })
  const checker = createChecker({
    world,
    usable: () => capacity,
    views: () => [...statuses.values()].map(({ view }) => view as PeerView),
    migrationsOutMax: policy.migrationsOutMax,
    migrationsInMax: policy.migrationsInMax,
    staleMs,
    onViolation: ({ invariant, text }) => tell(`${invariant} ${text}`),
  })

  let ended = false
  const asking = agents.map((agent) => ask(agent, statuses, () => ended))
  return {
    statuses,
    violations,
    migrations,
    tell,
    forget(host) {
      if (host === undefined) statuses.clear()
      else statuses.delete(host)
    },
    checkAtRest: () => void checker.checkAtRest(),
    async close() {
      ended = true
      await Promise.all(asking)
      checker.close()
    },
  }
}
