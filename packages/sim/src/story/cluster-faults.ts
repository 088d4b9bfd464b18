/** What a story can do to a cluster: agents, journals, clocks, hosts and links fail and come back. */
import type { Cluster } from './cluster-api.ts'
import { type ClusterState, hostAt } from './cluster-state.ts'
import { killAgent, startAgent } from './story-host.ts'

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
  | 'setWallClock'
>

export const agentFaults = (cluster: ClusterState): AgentFaults => ({
  killAgent: (host) => killAgent(hostAt(cluster, host)),
  breakCore(index) {
    hostAt(cluster, index).broken = true
  },
  async stopAgent(index) {
    const host = hostAt(cluster, index)
    await host.host.stop()
    host.peer = null
  },
  restartAgent: (host) => startAgent(cluster, hostAt(cluster, host)),
  loseJournal: (host) => hostAt(cluster, host).journal.lose(),
  tearJournal: (host) => hostAt(cluster, host).journal.tear(),
  fullJournal(host, full) {
    hostAt(cluster, host).journal.full = full
  },
  lies(host, lie) {
    hostAt(cluster, host).lie = lie
  },
  setWallClock(host, ms) {
    hostAt(cluster, host).wallOffsetMs = ms - cluster.clock.now()
  },
})

export const hostFaults = (
  cluster: ClusterState,
): Pick<Cluster, 'killHost' | 'bootHost' | 'cut' | 'clog' | 'heal'> => {
  const { world, network } = cluster
  const at = (index: number) => hostAt(cluster, index)
  return {
    killHost(index) {
      const host = at(index)
      network.fallSilent(host.id)
      world.killHost(host.name)
      killAgent(host)
    },
    bootHost(index) {
      world.bootHost(at(index).name)
      startAgent(cluster, at(index))
    },
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
