/** drover itself as one of the rivals: on every host the agent of the daemon, unchanged. */
import { asHostId, type HostId, policyOf } from '@drover/protocol'
import { createNetwork } from '../../network/model.ts'
import { createVirtualNetwork } from '../../network/virtual-network.ts'
import type { Random } from '../../random.ts'
import type { GroundHost, Scheduler } from '../../run/simulated-run.ts'
import { type DroverOptions, settingsOf } from './drover-options.ts'
import { createGossip } from './gossip.ts'
import { uriOf } from './observations.ts'
import { groundSolver } from './solver-in-nodes.ts'
import { createSite, type Site } from './virtual-agent.ts'

const base58 = '123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz'

/** As long as a peer id of libp2p, so that messages have the length of real ones. */
const identity = (random: Random): HostId =>
  asHostId(`12D3KooW${Array.from({ length: 44 }, () => base58[random.integer(0, 57)]).join('')}`)

/** Throws RangeError for options that make no sense; `begin` does for full gossip among too many hosts. */
export const drover = (options: DroverOptions = {}): Scheduler => {
  const settings = settingsOf(options)
  return {
    name: 'drover',
    begin(ground) {
      const { kernel, books, hosts, workload } = ground
      const policy = policyOf(options.preset ?? 'balanced', {
        bandwidthMiBps: workload.migrationMiBps,
        ...options.policy,
      })
      const ids = hosts.map((_, index) => identity(ground.random('identity', index)))
      const placeOf = new Map(ids.map((id, index) => [id, index]))
      const placeAt = new Map(hosts.map((host) => [uriOf(host), host.index]))
      const at = <K>(places: ReadonlyMap<K, number>, key: K): number => {
        const place = places.get(key)
        if (place === undefined) throw new RangeError(`no host ${key}`)
        return place
      }

      const sites: Site[] = []
      const { latencyMs, jitterMs } = settings
      const network = createVirtualNetwork({
        clock: kernel,
        model: createNetwork({ random: ground.random, weather: { latencyMs, jitterMs } }),
        ids,
        onSend: (_from, _to, bytes) => books.message(bytes.length),
        onGarbage(from, to) {
          throw new Error(`what ${from} said to ${to} does not survive the codec`)
        },
      })
      const hostOf = (id: HostId): GroundHost => hosts[at(placeOf, id)]!
      const solver = groundSolver(kernel, (problem) =>
        books.solved(problem.hosts.map(({ id }) => hostOf(id))),
      )
      const gossip = createGossip({
        ground,
        ids,
        placeOf,
        settings,
        gossipMs: policy.gossipMs,
        heard: (to, summary) => sites[to]!.feed({ kind: 'heard', summary }),
        waits: (host) => sites[host]?.waits ?? false,
      })
      for (const host of hosts) sites.push(siteOf(host))
      ground.onChange((host) => sites[host.index]!.changed())
      kernel.after(workload.durationMs, () => {
        gossip.settle()
        for (const site of sites) site.close()
      })

      function siteOf(host: GroundHost): Site {
        const { index } = host
        const clockMs = ground.random('start', index).integer(0, policy.gossipMs - 1)
        return createSite({
          ground,
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
