/** What a story can do to a cluster: agents, journals, clocks, hosts and links fail and come back. */
import type { Cluster } from './cluster-api.ts'
import { type ClusterState, hostAt, viewOf } from './cluster-state.ts'
import { killAgent, loseJournal, startAgent, tearJournal } from './story-host.ts'

type AgentFaults = Pick<
  Cluster,
  | 'killAgent'
  | 'breakCore'
  | 'stopAgent'
  | 'restartAgent'
  | 'loseJournal'
  | 'tearJournal'
  | 'fullJournal'
  | 'lies'
  | 'usurps'
  | 'freeze'
  | 'freezeAt'
  | 'thaw'
  | 'fsync'
  | 'crashInFsync'
  | 'clockRate'
  | 'setWallClock'
>

export const agentFaults = (cluster: ClusterState): AgentFaults => ({
  killAgent: (host) => killAgent(hostAt(cluster, host)),
  breakCore(index) {
    hostAt(cluster, index).broken = true
  },
  async stopAgent(index) {
    const host = hostAt(cluster, index)
    host.stopping = true
    await host.host.stop()
    host.stopping = false
    // It was killed meanwhile, and another one lives.
    if (host.host.agent !== null) return
    host.peer = null
    host.witness.ended()
    if (!host.startAgain) return
    host.startAgain = false
    startAgent(cluster, host)
  },
  restartAgent: (host) => startAgent(cluster, hostAt(cluster, host)),
  loseJournal: (host) => loseJournal(hostAt(cluster, host)),
  tearJournal: (host, records) => tearJournal(hostAt(cluster, host), records),
  fullJournal(index, full, afterRecords = 0) {
    const { journal, disk } = hostAt(cluster, index)
    const later = full && afterRecords > 0
    journal.full = full && !later
    disk.recordsLeft = later ? afterRecords : null
  },
  lies(host, lie) {
    hostAt(cluster, host).lie = lie
  },
  usurps(index, other) {
    const [usurper, victim] = [hostAt(cluster, index), hostAt(cluster, other)]
    usurper.lie = (message, to) => {
      const lease = to === victim.id ? viewOf(cluster, victim)?.lease : null
      if (lease == null || lease.leader === usurper.id) return message
      const { partition, epoch } = lease
      return { kind: 'release', incarnation: message.incarnation, partition, epoch }
    }
  },
  freeze: (host, ms, { asleep = false } = {}) => hostAt(cluster, host).process?.stop({ ms, asleep }),
  freezeAt(host, what, ms) {
    hostAt(cluster, host).freezeAt = { what, ms }
  },
  thaw(index) {
    const host = hostAt(cluster, index)
    host.freezeAt = null
    host.process?.goOn()
    host.process?.hurry()
  },
  fsync(host, meanMs, spreadMs = 0) {
    Object.assign(hostAt(cluster, host).disk, { meanMs, spreadMs, crash: null })
  },
  crashInFsync(host, record = 'drawn') {
    hostAt(cluster, host).disk.crash = record
  },
  clockRate(index, rate) {
    const host = hostAt(cluster, index)
    host.clockRate = rate
    host.monotonic.setRate(rate, cluster.clock.now())
  },
  setWallClock(host, ms) {
    hostAt(cluster, host).wallOffsetMs = ms - cluster.clock.now()
  },
})

/** An agent dies with its host, and starts when it is booted, whatever killed or booted it. */
export const heedPower = (cluster: ClusterState): void => {
  const { world, network, hosts } = cluster
  world.events((event) => {
    if (event.kind !== 'host') return
    const host = hosts.find(({ name }) => name === event.host)!
    if (event.alive) return startAgent(cluster, host)
    network.fallSilent(host.id)
    killAgent(host)
  })
}

export const hostFaults = (
  cluster: ClusterState,
): Pick<Cluster, 'killHost' | 'bootHost' | 'cut' | 'clog' | 'heal'> => {
  const { world, network } = cluster
  const at = (index: number) => hostAt(cluster, index)
  return {
    killHost: (index) => world.killHost(at(index).name),
    bootHost: (index) => world.bootHost(at(index).name),
    cut(a, b, options = {}) {
      network.cut(at(a).id, at(b).id, options)
      if (options.oneWay !== true) world.cut(at(a).name, at(b).name)
    },
    clog: (a, b, ms) => network.clog(at(a).id, at(b).id, ms),
    heal(a, b) {
      const pair = a === undefined || b === undefined ? null : ([at(a), at(b)] as const)
      network.heal(pair?.[0].id, pair?.[1].id)
      world.heal(pair?.[0].name, pair?.[1].name)
    },
  }
}
