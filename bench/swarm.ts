/**
 * What a cluster in virtual time costs: processor time for ten simulated minutes with 5 VMs on each host, overloads, cuts and
 * agents that die. A row for each size. `--hash` adds a digest of all effects but wakes: two versions of drover that behave
 * alike print the same one.
 *
 *     npm run bench:swarm -- [--minutes 10] [--seed 1] [--hash] [hosts …]
 */
import { createHash } from 'node:crypto'
import { parseArgs } from 'node:util'
import type { Effect, VmId } from '@drover/protocol'
import { type Random, randomOf } from '@drover/sim'
import { type Cluster, virtualCluster } from '@drover/sim/story'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    minutes: { type: 'string', default: '10' },
    seed: { type: 'string', default: '1' },
    hash: { type: 'boolean', default: false },
  },
})
const sizes = positionals.length > 0 ? positionals.map(Number) : [2, 4, 6, 12, 40, 100, 200]
const minuteMs = 60_000
const endMs = Number(values.minutes) * minuteMs
const seed = Number(values.seed)
const vmsPerHost = 5
/** So often something strikes the cluster, ms: more often than in most schedules of the swarm. */
const strikeMs = 10_000

/** Something happens to one host, and what happened to another is over. */
const strike = (cluster: Cluster, draw: Random, vms: readonly VmId[]): void => {
  const last = cluster.ids.length - 1
  const host = draw.integer(0, last)
  const other = (host + draw.integer(1, last)) % cluster.ids.length
  const blows = [
    () => {
      const here = vms.filter((vm) => cluster.world.vm(vm).copies.some((copy) => copy.host === `h${host}`))
      for (const vm of here.slice(0, 3)) cluster.world.setCpu(vm, draw.integer(1_500, 3_500))
    },
    () => {
      for (const vm of vms) cluster.world.setCpu(vm, Math.min(cluster.world.vm(vm).cpuMilli, 1_200))
    },
    () => cluster.cut(host, other),
    () => cluster.heal(),
    () => {
      cluster.killAgent(host)
      cluster.restartAgent(host)
    },
  ]
  draw.pick(blows)()
}

interface Row {
  readonly cpuS: number
  readonly migrations: number
  readonly decisions: number
  readonly digest: string
}

const measure = async (hosts: number, endMs: number): Promise<Row> => {
  const draw = randomOf(seed, 'bench', hosts)
  const digest = createHash('sha256')
  const observe = (host: number, effect: Effect): void => {
    if (effect.kind !== 'wake') digest.update(`${host} ${JSON.stringify(effect)}\n`)
  }
  const begun = process.cpuUsage()
  const cluster = await virtualCluster({ hosts, seed, ...(values.hash ? { observe } : {}) })
  let migrations = 0
  cluster.world.events(({ kind }) => {
    if (kind === 'migration-started') migrations += 1
  })
  const vms = cluster.ids.flatMap((_, host) =>
    Array.from({ length: vmsPerHost }, (_, i) =>
      cluster.vm(`vm-${host}-${i}`, host, draw.integer(400, 1_400)),
    ),
  )
  for (let at = 0; at < endMs; at += strikeMs) {
    strike(cluster, draw, vms)
    await cluster.run(strikeMs)
  }
  const { user, system } = process.cpuUsage(begun)
  return {
    cpuS: (user + system) / 1e6,
    migrations,
    decisions: cluster.outcomes().length,
    digest: values.hash ? digest.digest('hex').slice(0, 16) : '',
  }
}

// The first cluster of a process pays for the compiler; seeds of the swarm run by the hundred.
await measure(4, minuteMs)

const cell = (value: string | number, width = 11): string => String(value).padStart(width)
console.log(
  ['hosts', 'CPU s', 'simulated', 'ratio', 'rss MiB', 'migrations', 'decisions']
    .map((one) => cell(one))
    .join(''),
)
for (const hosts of sizes) {
  const { cpuS, migrations, decisions, digest } = await measure(hosts, endMs)
  const cells = [
    hosts,
    cpuS.toFixed(2),
    `${endMs / 1_000} s`,
    `${(endMs / 1_000 / cpuS).toFixed(1)}×`,
    Math.round(process.memoryUsage.rss() / 2 ** 20),
    migrations,
    decisions,
  ]
  console.log(`${cells.map((one) => cell(one)).join('')} ${digest}`)
}
