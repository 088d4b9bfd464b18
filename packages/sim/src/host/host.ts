/**
 * One host of a simulated world. Its agent comes and goes; its identity, its journal and what its journal remembers stay.
 * The agent is the product's own, loop, effects and all, in real time or in virtual time: what differs is what it stands on.
 */
import {
  type Agent,
  type AgentInternals,
  createAgent,
  type Hypervisor,
  type Immediate,
  type JournalStore,
  type Settings,
  type Solver,
  silentLog,
  type Transport,
} from '@drover/agent/runtime'

export interface HostInit {
  /** It stays when the agent goes. */
  readonly journal: Pick<JournalStore, 'open'>
  readonly solver: Immediate<Solver>
  /** For each life of the agent anew: what a process holds ends with it. */
  readonly settings: () => Settings
  readonly hypervisor: () => Immediate<Hypervisor>
  readonly transport: () => Transport
  /** Seeds the jitter of one life. */
  readonly seed: (incarnation: number) => number
  /** What a world in virtual time replaces. */
  readonly internals?: AgentInternals
  /** Called for every agent that this host gets, before it starts. */
  readonly born?: (agent: Agent) => void
}

export interface Host {
  /** The living one, or null. */
  readonly agent: Agent | null
  /** Rejects as the agent does, and with JournalError while the journal cannot be opened; then there is no agent. */
  start(): Promise<void>
  /** As kill -9. */
  kill(): void
  /** In order: it takes until the VMs of its migrations run. */
  stop(): Promise<void>
}

const log = silentLog

export const createHost = (init: HostInit): Host => {
  const { journal, solver, internals = {}, born = () => {} } = init
  let agent: Agent | null = null
  return {
    get agent() {
      return agent
    },
    async start() {
      if (agent !== null) throw new Error(`an agent of ${agent.host} is running`)
      const opened = journal.open()
      const created = createAgent(
        {
          settings: init.settings(),
          hypervisor: init.hypervisor(),
          transport: init.transport(),
          journal: opened,
          solver,
          log,
          seed: init.seed(opened.incarnation),
        },
        internals,
      )
      agent = created
      born(created)
      await created.start()
    },
    kill() {
      const going = agent
      agent = null
      going?.kill()
    },
    async stop() {
      const going = agent
      await going?.stop()
      if (agent === going) agent = null
    },
  }
}
