/** One host of the cluster, on real sockets: its agent comes and goes, its identity, port and journal stay. */
import {
  type Agent,
  createJournalStore,
  createLibp2pTransport,
  hostIdOf,
  type JournalStore,
  type Solver,
  silentLog,
  type Transport,
} from '@drover/agent'
import type { HostId } from '@drover/protocol'
import { generateKeyPairFromSeed } from '@libp2p/crypto/keys'
import { createHost } from '../host/host.ts'
import { type SimulatedSettings, settingsOf } from '../host/settings.ts'
import { type SimulatedOptions, uriOf } from '../hypervisor/driver-state.ts'
import { simulatedHypervisor } from '../hypervisor/simulated.ts'
import type { World } from '../hypervisor/world.ts'
import { type Random, randomOf } from '../random.ts'

export interface MemberInit {
  readonly world: World
  readonly seed: number
  readonly index: number
  readonly solver: Solver
  readonly settings: Omit<SimulatedSettings, 'listen' | 'bootstrap' | 'uri'>
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

const log = silentLog

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
  let addresses: readonly string[] = []
  let bootstrap: readonly string[] = []
  let port = 0

  const settings = () => {
    const listen = `/ip4/127.0.0.1/tcp/${port}`
    return settingsOf({ ...init.settings, listen, bootstrap, uri: uriOf(name) })
  }
  const host = createHost({
    journal,
    solver,
    settings,
    hypervisor: () => simulatedHypervisor(world, name, simulated),
    transport: () => wrap(createLibp2pTransport({ privateKey, ...settings().network, log, loopback: true })),
    seed: () => randomOf(seed, 'jitter', index).bits(),
    born,
  })

  return {
    name,
    id: hostIdOf(privateKey),
    journal,
    get agent() {
      return host.agent
    },
    get addresses() {
      return addresses
    },
    async start(known) {
      bootstrap = known
      await host.start()
      addresses = host.agent?.status().addresses ?? []
      port = Number(/\/tcp\/(\d+)/.exec(addresses[0] ?? '')?.[1] ?? 0)
    },
    kill: host.kill,
    stop: host.stop,
  }
}
