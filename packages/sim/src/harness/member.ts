/** One host of the cluster: its agent comes and goes, its identity, port and journal stay. */
import {
  type Agent,
  createAgent,
  createJournalStore,
  hostIdOf,
  type JournalStore,
  libp2pTransport,
  type Solver,
  silentLog,
  type Transport,
} from '@drover/agent'
import type { HostId } from '@drover/protocol'
import { generateKeyPairFromSeed } from '@libp2p/crypto/keys'
import { type SimulatedOptions, simulatedHypervisor, uriOf } from '../hypervisor/simulated.ts'
import type { World } from '../hypervisor/world.ts'
import { type Random, randomOf } from '../random.ts'
import { type HarnessSettings, settingsOf } from './settings.ts'

export interface MemberInit {
  readonly world: World
  readonly seed: number
  readonly index: number
  readonly solver: Solver
  readonly settings: Omit<HarnessSettings, 'listen' | 'bootstrap' | 'uri'>
  readonly simulated: SimulatedOptions
  /** Around the real transport: cuts. */
  readonly wrap: (transport: Transport) => Transport
  /** Called for every agent that this host gets, before it starts. */
  readonly born: (agent: Agent) => void
}

export interface Member {
  readonly name: string
  readonly id: HostId
  readonly journal: JournalStore
  /** The living one, or null. */
  readonly agent: Agent | null
  readonly addresses: readonly string[]
  start(bootstrap: readonly string[]): Promise<void>
  kill(): void
  stop(): Promise<void>
}

const bytesOf = (random: Random, count: number): Uint8Array =>
  Uint8Array.from({ length: count }, () => random.integer(0, 255))

/** A cluster key from a seed: for harness and tests, never for a real cluster. */
export const clusterKeyOf = (seed: number): Uint8Array => bytesOf(randomOf(seed, 'cluster-key'), 32)

const log = silentLog()

export const createMember = async (init: MemberInit): Promise<Member> => {
  const { world, seed, index, solver, simulated, wrap, born } = init
  const { name } = init.settings
  const privateKey = await generateKeyPairFromSeed('Ed25519', bytesOf(randomOf(seed, 'identity', index), 32))
  const journal = createJournalStore()
  // A new journal cannot be told from a lost one, and keeps its host from granting leases for a while (S6). The
  // harness knows that this host never granted any, and says so in its name.
  const first = journal.open()
  first.append({ kind: 'epoch', epoch: 0 })
  first.close()
  let agent: Agent | null = null
  let addresses: readonly string[] = []
  let port = 0

  return {
    name,
    id: hostIdOf(privateKey),
    journal,
    get agent() {
      return agent
    },
    get addresses() {
      return addresses
    },
    async start(bootstrap) {
      if (agent !== null) throw new Error(`the agent of ${name} is running`)
      const listen = `/ip4/127.0.0.1/tcp/${port}`
      const settings = settingsOf({ ...init.settings, listen, bootstrap, uri: uriOf(name) })
      const { network } = settings
      const born_ = createAgent({
        settings,
        hypervisor: simulatedHypervisor(world, name, simulated),
        transport: wrap(libp2pTransport({ privateKey, ...network, log, loopback: true })),
        journal: journal.open(),
        solver,
        log,
        seed: randomOf(seed, 'jitter', index).bits(),
      })
      agent = born_
      born(born_)
      await born_.start()
      addresses = born_.status().addresses
      port = Number(/\/tcp\/(\d+)/.exec(addresses[0] ?? '')?.[1] ?? 0)
    },
    kill() {
      agent?.kill()
      agent = null
    },
    async stop() {
      const going = agent
      agent = null
      await going?.stop()
    },
  }
}
