/** What happens in a swarm: each seed draws which kinds of fault exist, and 40 events strike the cluster one after another. */
import type { VmId } from '../../packages/protocol/src/index.ts'
import type { MigrationFault } from '../../packages/sim/src/hypervisor/faults.ts'
import type { Random } from '../../packages/sim/src/random.ts'
import type { Cluster } from '../kit/cluster.ts'

/** Which kinds of fault a seed has. */
export interface SwarmFaults {
  readonly weather: boolean
  readonly agents: boolean
  readonly hosts: boolean
  readonly cuts: boolean
  readonly daemons: boolean
  readonly migrations: boolean
  readonly journals: boolean
}

export interface Swarm {
  readonly draw: Random
  readonly cluster: Cluster
  readonly vms: readonly VmId[]
  /** Some VMs' disks are guarded by a lock manager. */
  readonly locked: boolean
  readonly faults: SwarmFaults
  /** Hosts whose agent is dead. */
  readonly dead: Set<number>
  /** Hosts without power. */
  readonly off: Set<number>
  /** Hosts that have lost their journal. */
  readonly lost: Set<number>
}

/** A grey window whose memory is lost too is for the operator (R1: never a guess): such seeds do without it. */
const migrationFaults: readonly MigrationFault[] = [
  { kind: 'refuse' },
  { kind: 'abort', atPermille: 500 },
  { kind: 'hang', atPermille: 300 },
  { kind: 'fail-after-success' },
  { kind: 'grey', destination: 'paused' },
  { kind: 'grey', destination: 'gone' },
]
/** Only where no VM runs at its destination before the hand-over: else two run by the hypervisors' own doing (R2). */
const splitFaults: readonly MigrationFault[] = [{ kind: 'split' }]

export const drawFaults = (draw: Random): SwarmFaults => {
  const faults = {
    weather: draw.chance(0.5),
    agents: draw.chance(0.5),
    hosts: draw.chance(0.3),
    cuts: draw.chance(0.5),
    daemons: draw.chance(0.5),
    migrations: draw.chance(0.5),
    journals: draw.chance(0.3),
  }
  // A grey window leaves a definition behind, and a host that boots starts what is defined on it: for the operator (R1).
  return { ...faults, hosts: faults.hosts && !faults.migrations }
}

export const beginWeather = ({ draw, cluster, faults }: Swarm): void => {
  if (!faults.weather) return
  Object.assign(cluster.weather, {
    drop: draw.fraction() * 0.3,
    duplicate: draw.fraction() * 0.5,
    jitterMs: draw.integer(0, 500),
    reorder: 1,
  })
}

const changeLoad = ({ draw, cluster, vms }: Swarm, host: number): void => {
  const here = vms.filter((vm) => cluster.world.vm(vm).copies.some((copy) => copy.host === `h${host}`))
  for (const vm of here.slice(0, 3)) cluster.world.setCpu(vm, draw.integer(200, 3_000))
}

const killAgent = ({ draw, cluster, faults, dead, off, lost }: Swarm, host: number): void => {
  if (!faults.agents || off.has(host) || dead.has(host)) return
  dead.add(host)
  cluster.killAgent(host)
  if (!faults.journals || !draw.chance(0.3)) return
  cluster.loseJournal(host)
  lost.add(host)
}

const restartAgents = ({ cluster, dead }: Swarm): void => {
  for (const host of dead) cluster.restartAgent(host)
  dead.clear()
}

const cutNeighbour = ({ cluster, faults }: Swarm, host: number): void => {
  if (faults.cuts) cluster.cut(host, (host + 1) % cluster.ids.length)
}

const healLinks = ({ draw, cluster }: Swarm): void => {
  if (draw.chance(0.5)) cluster.heal()
}

const breakDaemon = ({ draw, cluster, faults }: Swarm, host: number): void => {
  if (faults.daemons) cluster.world.daemon(`h${host}`, draw.pick(['down', 'hung', 'up']))
}

const breakMigration = ({ draw, cluster, faults, locked }: Swarm): void => {
  if (!faults.migrations) return
  const possible = [...migrationFaults, ...(locked ? [] : splitFaults)]
  cluster.world.fail({ fault: draw.pick(possible.filter((one) => !faults.journals || one.kind !== 'grey')) })
}

const killHost = ({ cluster, faults, dead, off }: Swarm, host: number): void => {
  if (!faults.hosts || off.size >= cluster.ids.length - 2 || off.has(host)) return
  off.add(host)
  dead.delete(host)
  cluster.killHost(host)
}

const command = ({ draw, cluster, vms, dead, off }: Swarm, host: number): void => {
  const other = cluster.ids[draw.integer(0, cluster.ids.length - 1)]!
  const vm = draw.pick(vms)
  if (dead.has(host) || off.has(host)) return
  cluster.tell(
    host,
    draw.pick([
      { kind: 'drain' },
      { kind: 'undrain' },
      { kind: 'migrate', vm, to: other },
      { kind: 'migrate', vm, to: null },
    ]),
  )
}

/** Each is as likely as any other; the load changes three times as often. */
const events: readonly ((swarm: Swarm, host: number) => void)[] = [
  changeLoad,
  changeLoad,
  changeLoad,
  killAgent,
  restartAgents,
  cutNeighbour,
  healLinks,
  breakDaemon,
  breakMigration,
  killHost,
  command,
]

const eventsMax = 40

/** Lets the faults rage. */
export const rage = async (swarm: Swarm): Promise<void> => {
  const { draw, cluster } = swarm
  beginWeather(swarm)
  for (let event = 0; event < eventsMax; event++) {
    const host = draw.integer(0, cluster.ids.length - 1)
    events[draw.integer(0, events.length - 1)]!(swarm, host)
    await cluster.run(draw.integer(50, 2_000))
  }
}

/** Everything is healed, and the load becomes feasible. */
export const makePeace = async ({ cluster, vms, dead, off }: Swarm): Promise<void> => {
  Object.assign(cluster.weather, { drop: 0, duplicate: 0, jitterMs: 0, reorder: 0 })
  cluster.heal()
  cluster.world.clearFaults()
  for (const host of cluster.ids.keys()) cluster.world.daemon(`h${host}`, 'up')
  for (const host of off) cluster.bootHost(host)
  for (const host of dead) cluster.restartAgent(host)
  await cluster.run(10)
  for (const host of cluster.ids.keys()) cluster.tell(host, { kind: 'undrain' })
  for (const vm of vms) cluster.world.setCpu(vm, Math.min(cluster.world.vm(vm).cpuMilli, 1_200))
}
