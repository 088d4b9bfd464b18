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
import type { Process } from './process.ts'
import { hypervisorWithin, solverWithin, transportWithin } from './process-ports.ts'

export interface HostInit {
  /** A process for each life of the agent, in virtual time: its clock is the agent's. Default: nothing is ever held back. */
  readonly process?: () => Process
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

type Ports = Pick<HostInit, 'solver'> & {
  readonly hypervisor: Immediate<Hypervisor>
  readonly transport: Transport
}

const within = (process: Process, { hypervisor, transport, solver }: Ports): Ports => ({
  hypervisor: hypervisorWithin(process, hypervisor),
  transport: transportWithin(process, transport),
  solver: solverWithin(process, solver),
})

export const createHost = (init: HostInit): Host => {
  const { journal, internals = {}, born = () => {} } = init
  let agent: Agent | null = null
  let process: Process | null = null
  /** Ends the waits for a stop that will not come, since the agent was killed meanwhile. */
  let killed: () => void = () => {}
  return {
    get agent() {
      return agent
    },
    async start() {
      if (agent !== null) throw new Error(`an agent of ${agent.host} is running`)
      process = init.process?.() ?? null
      const opened = journal.open()
      const ports = { hypervisor: init.hypervisor(), transport: init.transport(), solver: init.solver }
      const created = createAgent(
        {
          settings: init.settings(),
          ...(process === null ? ports : within(process, ports)),
          journal: opened,
          log,
          seed: init.seed(opened.incarnation),
        },
        process === null ? internals : { ...internals, clock: process.clock },
      )
      agent = created
      born(created)
      await created.start()
    },
    kill() {
      const going = agent
      agent = null
      going?.kill()
      process?.end()
      killed()
    },
    async stop() {
      const going = agent
      if (going === null) return
      const { promise, resolve, reject } = Promise.withResolvers<void>()
      killed = resolve
      const stop = (): void => void going.stop().then(resolve, reject)
      // A process that is stopped has its signals when it goes on.
      if (process === null) stop()
      else process.enter(stop)
      await promise
      if (agent !== going) return
      agent = null
      process?.end()
    },
  }
}
