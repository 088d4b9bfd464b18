/**
 * From detection to the plan's first migration, on loopback: real agents in one process, one overload at a time, so that
 * nothing is measured but the protocol. Prints the median and its parts.
 *
 *     npm run bench:latency -- [hosts] [overloads]
 */
import { startCluster } from '@drover/sim'

const [hosts = 16, rounds = 40] = process.argv.slice(2).map(Number)
await using cluster = await startCluster({
  hosts,
  vmsPerHost: 8,
  seed: 1,
  migrationMiBps: 1_250,
  policy: { cooldownMs: 0 },
})
await cluster.settled()

const known = new Set(cluster.decisions().map((decision) => decision.id))
const found: { reserve: number; solve: number; total: number }[] = []
for (let round = 0; round < rounds; round++) {
  const host = cluster.hosts[round % hosts]!
  cluster.overload(host)
  await cluster.waitFor(() => cluster.overloadedHosts().length === 0, 20_000, `the cure of ${host}`)
  await cluster.settled(20_000, 300)
  for (const one of cluster.decisions()) {
    if (known.has(one.id) || one.detectToStartMs === null) continue
    known.add(one.id)
    found.push({ reserve: one.reservedMs ?? 0, solve: one.solvedMs ?? 0, total: one.detectToStartMs })
  }
  cluster.relax()
}
const quantile = (of: (one: (typeof found)[number]) => number, q: number): number =>
  found.map(of).sort((a, b) => a - b)[Math.min(found.length - 1, Math.floor(found.length * q))] ?? Number.NaN
const row = (name: string, of: (one: (typeof found)[number]) => number) =>
  console.log(
    `${name.padEnd(34)} ${String(quantile(of, 0.5)).padStart(6)} ms  ${String(quantile(of, 0.99)).padStart(6)} ms`,
  )
console.log(`${hosts} agents, ${found.length} plans            median        p99`)
row('reserve, all in parallel', (one) => one.reserve)
row('solve, worker included', (one) => one.solve)
row('detection to first migration', (one) => one.total)
row('the same less the solve', (one) => one.total - one.solve)
