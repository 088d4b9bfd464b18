/** The story that many tests begin with: three hosts, of which the first wants more than it has. And what is asked of it. */
import assert from 'node:assert/strict'
import { asVmId, type VmId } from '@drover/protocol'
import type { Cluster, ClusterOptions } from '../story/cluster-api.ts'
import { virtualCluster } from '../story/virtual-cluster.ts'

/** h0 has 8 cores, and its seven VMs want 8.5: vm-0 wants 2.5 of them. */
export const overloaded = async (options: Partial<ClusterOptions> = {}): Promise<Cluster> => {
  const cluster = await virtualCluster({ hosts: 3, ...options })
  for (let i = 0; i < 7; i++) cluster.vm(`vm-${i}`, 0, 1_000)
  await cluster.run(3_000)
  cluster.world.setCpu(asVmId('vm-0'), 2_500)
  return cluster
}

/** Lets time pass until a migration has begun; false = none has in 10 s. */
export const moving = (cluster: Cluster): Promise<boolean> =>
  cluster.until(() => cluster.world.migrations().length > 0, 10_000)

/** Lets time pass until no VM migrates; false = one still does after a minute. */
export const finished = (cluster: Cluster): Promise<boolean> =>
  cluster.until(() => cluster.world.migrations().length === 0, 60_000)

/** As `running on h1`. */
export const copiesOf = (cluster: Cluster, vm: VmId): readonly string[] =>
  cluster.world.vm(vm).copies.map((copy) => `${copy.state} on ${copy.host}`)

export const runningOn = (cluster: Cluster, vm: VmId): readonly string[] =>
  cluster.world.vm(vm).copies.flatMap((copy) => (copy.state === 'running' ? [copy.host] : []))

/** No promise is broken, and no agent has a lease or a migration left. */
export const atRest = (cluster: Cluster): void => {
  assert.deepEqual(cluster.checker.checkAtRest(), [])
  for (const host of cluster.ids.keys()) {
    const { lease, leading, migrations } = cluster.view(host)
    assert.deepEqual([lease, leading, migrations], [null, null, []], `host ${host}`)
  }
}
