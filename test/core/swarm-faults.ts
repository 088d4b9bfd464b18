/** What happens in a swarm: each seed draws which kinds of fault exist, and fifty events strike the cluster one after another. */
import type { VmId } from '../../packages/protocol/src/index.ts'
import type { MigrationFault } from '../../packages/sim/src/hypervisor/faults.ts'
import type { Random } from '../../packages/sim/src/random.ts'
import type { Cluster } from '../kit/cluster.ts'

/** Which kinds of fault a seed has. */
export interface SwarmFaults {
  /** Messages are lost, doubled, late and out of order. */
  readonly weather: boolean
  /** Doubled messages come again up to two minutes later, when what they are about is long over. */
  readonly replays: boolean
  readonly agents: boolean
  readonly hosts: boolean
  readonly cuts: boolean
  /** What one agent says to its neighbour is lost; the other way goes on. */
  readonly oneWayCuts: boolean
  /** What one agent says to its neighbour is held back, and arrives all at once. */
  readonly clogs: boolean
  readonly daemons: boolean
  readonly migrations: boolean
  /** An agent that dies may find its journal gone. */
  readonly journals: boolean
  /** An agent that dies may find the last record of its journal damaged. */
  readonly tornJournals: boolean
  /** The wall clock of a host is set, by minutes, hours or years. */
  readonly wallClocks: boolean
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
  /** Hosts that have lost their journal, or the end of it. */
  readonly lost: Set<number>
  /** What each host's wall clock shows when the cluster's clock is at 0, ms since 1970. */
  readonly wallMs: number[]
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
    oneWayCuts: draw.chance(0.4),
    clogs: draw.chance(0.4),
    replays: draw.chance(0.4),
    tornJournals: draw.chance(0.3),
    wallClocks: draw.chance(0.4),
  }
  // A grey window leaves a definition behind, and a host that boots starts what is defined on it: for the operator (R1).
  return { ...faults, hosts: faults.hosts && !faults.migrations }
}

const minuteMs = 60_000
const hourMs = 60 * minuteMs
const yearMs = 365 * 24 * hourMs

/** Some day in 2023: a wall clock that is set back by an hour must not show a time before 1970. */
const someDayMs = 1_700_000_000_000

const beginWeather = ({ draw, cluster, faults }: Swarm): void => {
  if (faults.weather)
    Object.assign(cluster.weather, {
      drop: draw.fraction() * 0.3,
      duplicate: draw.fraction() * 0.5,
      jitterMs: draw.integer(0, 500),
      reorder: 1,
    })
  if (faults.replays)
    Object.assign(cluster.weather, {
      duplicate: Math.max(cluster.weather.duplicate, 0.1 + draw.fraction() * 0.4),
      replayMs: draw.pick([5_000, 30_000, 2 * minuteMs]),
    })
}

const setWallClock = ({ cluster, wallMs }: Swarm, host: number, offsetMs: number): void => {
  wallMs[host] = offsetMs
  cluster.setWallClock(host, cluster.clock.now() + offsetMs)
}

const beginWallClocks = (swarm: Swarm): void => {
  if (!swarm.faults.wallClocks) return
  for (const host of swarm.cluster.ids.keys())
    setWallClock(swarm, host, someDayMs + swarm.draw.integer(-minuteMs, minuteMs))
}

const changeLoad = ({ draw, cluster, vms }: Swarm, host: number): void => {
  const here = vms.filter((vm) => cluster.world.vm(vm).copies.some((copy) => copy.host === `h${host}`))
  for (const vm of here.slice(0, 3)) cluster.world.setCpu(vm, draw.integer(200, 3_000))
}

const killAgent = ({ draw, cluster, faults, dead, off, lost }: Swarm, host: number): void => {
  if (!faults.agents || off.has(host) || dead.has(host)) return
  dead.add(host)
  cluster.killAgent(host)
  if (faults.journals && draw.chance(0.3)) {
    cluster.loseJournal(host)
    lost.add(host)
  } else if (faults.tornJournals && draw.chance(0.5)) {
    cluster.tearJournal(host)
    lost.add(host)
  }
}

const restartAgents = ({ cluster, dead }: Swarm): void => {
  for (const host of dead) cluster.restartAgent(host)
  dead.clear()
}

const cutNeighbour = ({ cluster, faults }: Swarm, host: number): void => {
  if (faults.cuts) cluster.cut(host, (host + 1) % cluster.ids.length)
}

/** Between agents only, towards the neighbour or from it. */
const cutOneWay = ({ draw, cluster, faults }: Swarm, host: number): void => {
  const next = (host + 1) % cluster.ids.length
  if (!faults.oneWayCuts) return
  if (draw.chance(0.5)) cluster.cut(host, next, { oneWay: true })
  else cluster.cut(next, host, { oneWay: true })
}

const clogLink = ({ draw, cluster, faults }: Swarm, host: number): void => {
  const other = draw.integer(0, cluster.ids.length - 1)
  if (faults.clogs && other !== host) cluster.clog(host, other, draw.integer(100, 20_000))
}

const jumpWallClock = (swarm: Swarm, host: number): void => {
  const { draw, faults, wallMs } = swarm
  if (!faults.wallClocks) return
  const jumps = [minuteMs, hourMs, 3 * yearMs, -minuteMs, -hourMs, -yearMs]
  setWallClock(swarm, host, wallMs[host]! + draw.pick(jumps))
}

const healLinks = ({ draw, cluster }: Swarm): void => {
  if (draw.chance(0.5)) cluster.heal()
}

const breakDaemon = ({ draw, cluster, faults }: Swarm, host: number): void => {
  if (faults.daemons) cluster.world.daemon(`h${host}`, draw.pick(['down', 'hung', 'up']))
}

const breakMigration = ({ draw, cluster, faults, locked }: Swarm): void => {
  if (!faults.migrations) return
  const forgetful = faults.journals || faults.tornJournals
  const possible = [...migrationFaults, ...(locked ? [] : splitFaults)]
  cluster.world.fail({ fault: draw.pick(possible.filter((one) => !forgetful || one.kind !== 'grey')) })
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
      { kind: 'drain', onBlocker: 'skip', dryRun: false },
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
  cutOneWay,
  clogLink,
  jumpWallClock,
  healLinks,
  breakDaemon,
  breakMigration,
  killHost,
  command,
]

const eventsMax = 50

/** Lets the faults rage. */
export const rage = async (swarm: Swarm): Promise<void> => {
  const { draw, cluster } = swarm
  beginWeather(swarm)
  beginWallClocks(swarm)
  for (let event = 0; event < eventsMax; event++) {
    const host = draw.integer(0, cluster.ids.length - 1)
    events[draw.integer(0, events.length - 1)]!(swarm, host)
    await cluster.run(draw.integer(50, 2_000))
  }
}

/** Everything is healed, and the load becomes feasible. */
export const makePeace = async ({ cluster, vms, dead, off }: Swarm): Promise<void> => {
  Object.assign(cluster.weather, { drop: 0, duplicate: 0, jitterMs: 0, reorder: 0, replayMs: 0 })
  cluster.heal()
  cluster.world.clearFaults()
  for (const host of cluster.ids.keys()) cluster.world.daemon(`h${host}`, 'up')
  for (const host of off) cluster.bootHost(host)
  for (const host of dead) cluster.restartAgent(host)
  await cluster.run(10)
  for (const host of cluster.ids.keys()) cluster.tell(host, { kind: 'undrain' })
  for (const vm of vms) cluster.world.setCpu(vm, Math.min(cluster.world.vm(vm).cpuMilli, 1_200))
}
