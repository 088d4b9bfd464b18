/**
 * From publishing a summary to its arrival in the core of another agent: real agents in one process, at rest, so that
 * they say what they have to say every gossip period and nothing else. The simulator's gossip has its delays from here
 * (packages/sim/src/baselines/drover/gossip-delay.ts).
 *
 *     npm run bench:gossip -- [agents] [seconds] [deliveries a second]
 *
 * All agents share one CPU, and each delivery takes about 1 ms of it: with too many a second the queue for the
 * CPU is measured, not the way through the mesh. So they gossip as rarely as it takes. Look at the machine's load, too.
 */
import { createInlineSolver, type Transport, type TransportHandlers } from '@drover/agent'
import { decodeSummary, policyOf } from '@drover/protocol'
import { createWorld, randomOf, realClock, sleep, waitUntil } from '@drover/sim'
import { layoutOf } from '../packages/sim/src/harness/layout.ts'
import { clusterKeyOf, createMember } from '../packages/sim/src/harness/member.ts'

const [agents = 16, seconds = 60, deliveriesPerSecond = 48] = process.argv.slice(2).map(Number)
const seed = 1
const capacity = { cpuMilli: 8_000, memoryMiB: 32_768 }
const reserve = { cpuMilli: 1_000, memoryMiB: 2_048 }
const policy = policyOf('conservative', {
  forecastGainMsMin: null,
  gossipMs: Math.max(5_000, Math.round((agents * agents * 1_000) / deliveriesPerSecond)),
})

/** When each summary was published, by author and sequence. */
const said = new Map<string, number>()
const delays = new Map<string, number[]>()
let counting = false
let missed = 0
const nameOf = (payload: Uint8Array): string | null => {
  const summary = decodeSummary(payload)
  return summary === null ? null : `${summary.host} ${summary.sequence}`
}

/** The transport of one agent, timed. */
const timed = (transport: Transport): Transport => {
  const watching = (handlers: TransportHandlers): TransportHandlers => ({
    ...handlers,
    heard(from, payload) {
      const heard = handlers.heard(from, payload)
      const at = said.get(nameOf(payload) ?? '')
      if (at !== undefined) {
        const pair = `${from} ${transport.self}`
        delays.set(pair, [...(delays.get(pair) ?? []), performance.now() - at])
      }
      return heard
    },
  })
  return {
    self: transport.self,
    addresses: () => transport.addresses(),
    start: (handlers) => transport.start(watching(handlers)),
    send: (to, bytes) => transport.send(to, bytes),
    publish(payload) {
      const name = nameOf(payload)
      if (counting && name !== null) said.set(name, performance.now())
      transport.publish(payload)
    },
    introduce: (addresses) => transport.introduce(addresses),
    peers: () => transport.peers(),
    counters: () => transport.counters(),
    stop: () => transport.stop(),
    kill: () => transport.kill(),
  }
}

const clock = realClock()
const world = createWorld({ clock })
const layout = layoutOf({ hosts: agents, vmsPerHost: 4, seed, capacity, reserve, loadPermille: 500 })
for (const host of layout.hosts) world.addHost(host)
for (const vm of layout.vms) world.addVm(vm)
const solver = createInlineSolver()
const members = await Promise.all(
  layout.hosts.map(({ name, location }, index) =>
    createMember({
      world,
      seed,
      index,
      solver,
      simulated: {},
      wrap: timed,
      born() {},
      settings: {
        name,
        location,
        clusterKey: clusterKeyOf(seed),
        reserve,
        policy,
        mode: 'observe',
        rules: [],
        sampleMs: 2_000,
      },
    }),
  ),
)
for (const [index, member] of members.entries()) {
  const near = members.slice(Math.max(0, index - 4), index)
  await member.start(near.flatMap(({ addresses }) => addresses))
  await waitUntil(
    () => (member.agent?.status().peersConnected ?? 0) >= near.length,
    30_000,
    `${member.name} to be connected`,
  )
  // Summaries of a real cluster do not fall on one moment.
  await sleep(randomOf(seed, 'start', index).integer(50, 400))
}
await waitUntil(
  () => members.every(({ agent }) => (agent?.status().view.members.length ?? 0) === agents),
  120_000 + 3 * policy.gossipMs,
  'all to know all',
)
counting = true
await sleep(seconds * 1_000)
counting = false
await sleep(2_000)

const all = [...delays.values()].flat().sort((a, b) => a - b)
missed = said.size * (agents - 1) - all.length
const medians = [...delays.values()]
  .map((of) => of.sort((a, b) => a - b)[of.length >> 1]!)
  .sort((a, b) => a - b)
const quantile = (sorted: readonly number[], q: number): string =>
  (sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))] ?? Number.NaN).toFixed(1).padStart(8)
const row = (name: string, sorted: readonly number[]): void =>
  console.log(`${name.padEnd(32)}${[0, 0.1, 0.5, 0.9, 0.99, 1].map((q) => quantile(sorted, q)).join('')} ms`)
console.log(
  `${agents} agents, ${said.size} summaries, ${all.length} deliveries, ${missed} not heard within 2 s; every ${policy.gossipMs} ms`,
)
console.log(
  `${''.padEnd(32)}${['min', 'p10', 'p50', 'p90', 'p99', 'max'].map((q) => q.padStart(8)).join('')}`,
)
row('published → heard', all)
row('median of each pair of agents', medians)

await Promise.allSettled(members.map((member) => member.stop()))
await solver.close()
clock.stop()
process.exit(0)
