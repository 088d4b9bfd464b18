/** drover itself as one of the baselines: on every host the agent of the daemon, unchanged. */
import { asHostId, type HostId, policyOf } from '@drover/protocol'
import { createNetwork } from '../../network/model.ts'
import { createVirtualNetwork } from '../../network/virtual-network.ts'
import type { Random } from '../../random.ts'
import type { RunHost, Scheduler } from '../../run/simulated-run.ts'
import { type DroverOptions, settingsOf } from './drover-options.ts'
import { createGossip } from './gossip.ts'
import { uriOf } from './observations.ts'
import { timedSolver } from './solver-in-nodes.ts'
import { startVirtualAgent, type VirtualAgent } from './virtual-agent.ts'

const base58 = '123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz'

/** As long as a peer id of libp2p, so that messages have the length of real ones. */
const identity = (random: Random): HostId =>
  asHostId(`12D3KooW${Array.from({ length: 44 }, () => base58[random.integer(0, 57)]).join('')}`)

/** Throws RangeError for options that make no sense; `begin` does for full gossip among too many hosts. */
export const drover = (options: DroverOptions = {}): Scheduler => {
  const settings = settingsOf(options)
  return {
    name: 'drover',
    begin(run) {
      const { kernel, metrics, hosts, workload } = run
      const policy = policyOf(options.preset ?? 'balanced', {
        bandwidthMiBps: workload.migrationMiBps,
        ...options.policy,
      })
      const ids = hosts.map((_, index) => identity(run.random('identity', index)))
      const placeOf = new Map(ids.map((id, index) => [id, index]))
      const placeAt = new Map(hosts.map((host) => [uriOf(host), host.index]))
      const at = <K>(places: ReadonlyMap<K, number>, key: K): number => {
        const place = places.get(key)
        if (place === undefined) throw new RangeError(`no host ${key}`)
        return place
      }

      const agents: VirtualAgent[] = []
      const { latencyMs, jitterMs } = settings
      const network = createVirtualNetwork({
        clock: kernel,
        model: createNetwork({ random: run.random, weather: { latencyMs, jitterMs } }),
        ids,
        onSend: (_from, _to, bytes) => metrics.message(bytes.length),
        onGarbage(from, to) {
          throw new Error(`what ${from} said to ${to} does not survive the codec`)
        },
      })
      const hostOf = (id: HostId): RunHost => hosts[at(placeOf, id)]!
      const solver = timedSolver(kernel, (problem) =>
        metrics.solved(problem.hosts.map(({ id }) => hostOf(id))),
      )
      const gossip = createGossip({
        run,
        ids,
        placeOf,
        settings,
        gossipMs: policy.gossipMs,
        heard: (to, summary) => agents[to]!.feed({ kind: 'heard', summary }),
        waits: (host) => agents[host]?.waits ?? false,
      })
      for (const host of hosts) agents.push(agentOf(host))
      run.onChange((host) => agents[host.index]!.changed())
      kernel.after(workload.durationMs, () => {
        gossip.settle()
        for (const agent of agents) agent.close()
      })

      function agentOf(host: RunHost): VirtualAgent {
        const { index } = host
        const clockMs = run.random('start', index).integer(0, policy.gossipMs - 1)
        return startVirtualAgent({
          run,
          host,
          clockMs,
          sampleMs: settings.sampleMs,
          policy,
          membership: gossip.membership(index, clockMs),
          // Summaries go by the model of gossip.
          transport: { ...network.transport(ids[index]!), publish: (bytes) => gossip.publish(index, bytes) },
          solver,
          hostOf,
          hostAt: (uri) => hosts[at(placeAt, uri)]!,
        })
      }
    },
  }
}
