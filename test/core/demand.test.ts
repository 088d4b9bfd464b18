/**
 * Unknown demand is not none (adr/011): an agent that has just started, or whose hypervisor was away, does not know what its
 * VMs want. It promises nothing until it does, and tells no host that they want nothing. Samples come every second here, as in
 * the daemon: for that long an agent that took the unknown for zero was wrong.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { asVmId } from '../../packages/protocol/src/index.ts'
import type { Cluster } from '../kit/cluster.ts'
import { virtualCluster } from '../kit/virtual-cluster.ts'

const sampleMs = 1_000
/** Where in the second between two samples the agent is killed, ms. */
const phases = [0, 97, 388, 679]

const restart = async (c: Cluster, host: number): Promise<void> => {
  c.killAgent(host)
  await c.run(1_500)
  c.restartAgent(host)
}
const summariesOf = (c: Cluster, host: number) =>
  c.view(host).members.find((one) => one.summary.host === c.ids[host])?.summary

test('a full host whose agent restarts does not offer itself as empty', async () => {
  for (const phase of phases) {
    const c = await virtualCluster({ hosts: 2, sampleMs })
    for (let i = 0; i < 8; i++) {
      c.vm(`a-${i}`, 0, 1_100)
      if (i < 7) c.vm(`b-${i}`, 1, 1_100)
    }
    await c.run(20_000 + phase)
    await restart(c, 1)
    await c.run(100)
    const said = summariesOf(c, 1)
    assert.equal(said?.able, false)
    assert.equal(Number(said?.demand.cpuMilli) >= 8_000, true, 'no headroom')
    await c.run(60_000)
    assert.deepEqual(c.checker.violations(), [], `phase ${phase}`)
    assert.equal(c.world.host('h1').demand.cpuMilli, 7_700)
    assert.equal(summariesOf(c, 1)?.able, true)
  }
})

test('the VMs of a drained host whose agent restarts weigh at their destination what they want', async () => {
  for (const [k, phase] of phases.entries()) {
    const c = await virtualCluster({ hosts: 2, sampleMs, seed: k + 1 })
    for (let i = 0; i < 7; i++) {
      c.vm(`a-${i}`, 0, 1_070)
      c.vm(`b-${i}`, 1, 1_000)
    }
    await c.run(6_000)
    c.tell(1, { kind: 'drain', onBlocker: 'skip', dryRun: false })
    await c.run(5_000 + phase)
    await restart(c, 1)
    await c.run(60_000)
    assert.deepEqual(c.checker.violations(), [], `phase ${phase}`)
    assert.equal(c.world.host('h0').demand.cpuMilli, 7_490, 'no VM of 1,000 fits beside them')
  }
})

test('an order to move a VM, given just after a restart, finds the VM as heavy as it is', async () => {
  for (const phase of phases) {
    const c = await virtualCluster({ hosts: 2, sampleMs })
    c.vm('a', 0, 1_100)
    for (let i = 0; i < 7; i++) c.vm(`b-${i}`, 1, 1_100)
    await c.run(5_000 + phase)
    await restart(c, 0)
    await c.run(100)
    c.tell(0, { kind: 'migrate', vm: asVmId('a'), to: c.ids[1] ?? null })
    await c.run(60_000)
    assert.deepEqual(c.checker.violations(), [], `phase ${phase}`)
  }
})

test('VMs that were started while their hypervisor was away are not idle when it is back', async () => {
  for (const phase of phases) {
    const c = await virtualCluster({ hosts: 2, sampleMs })
    for (let i = 0; i < 8; i++) {
      c.vm(`a-${i}`, 0, 1_100)
      if (i < 7) c.vm(`b-${i}`, 1, 1_100, { state: 'shut' })
    }
    c.world.daemon('h1', 'down')
    await c.run(20_000 + phase)
    for (let i = 0; i < 7; i++) {
      c.world.byHand.want(asVmId(`b-${i}`), 'running')
      c.world.byHand.start(asVmId(`b-${i}`), 'h1')
    }
    c.world.daemon('h1', 'up')
    await c.run(60_000)
    assert.deepEqual(c.checker.violations(), [], `phase ${phase}`)
    assert.equal(c.world.host('h1').demand.cpuMilli, 7_700)
  }
})

test('a hypervisor that was away with the same VMs: what they wanted holds, and its agent works at once', async () => {
  const c = await virtualCluster({ hosts: 2, sampleMs })
  c.vm('a', 0, 3_000)
  c.vm('b', 1, 3_000)
  await c.run(5_000)
  c.world.daemon('h1', 'down')
  await c.run(3_000)
  c.world.daemon('h1', 'up')
  await c.until(() => c.view(1).able, 1_100)
  const { able, demand } = c.view(1)
  assert.deepEqual([able, demand.cpuMilli], [true, 3_000])
})

test('a VM that starts makes its host wait for one measurement, no longer', async () => {
  const c = await virtualCluster({ hosts: 1, sampleMs })
  c.vm('a', 0, 3_000)
  await c.run(5_500)
  c.vm('b', 0, 1_000)
  const seen = async (ms: number) => {
    await c.run(ms)
    const { able, troubles, demand } = c.view(0)
    return { able, troubles, cpuMilli: demand.cpuMilli }
  }
  assert.deepEqual(await seen(100), { able: false, troubles: ['demand.unknown'], cpuMilli: 11_000 })
  assert.deepEqual(await seen(1_000), { able: true, troubles: [], cpuMilli: 4_000 })
})

test('a VM has just arrived at a host whose agent restarts: it counts until it is measured', async () => {
  for (const phase of phases) {
    const c = await virtualCluster({ hosts: 3, sampleMs, policy: { cooldownMs: 0 } })
    c.vm('a', 0, 5_000)
    c.vm('b', 0, 5_000)
    c.vm('c', 1, 2_500)
    c.vm('d', 2, 8_000)
    c.vm('e', 2, 1)
    await c.until(() => c.world.host('h1').vms.length === 2, 60_000)
    await c.run(phase)
    await restart(c, 1)
    await c.run(30_000)
    assert.deepEqual(c.checker.violations(), [], `phase ${phase}`)
    assert.equal(c.world.host('h1').demand.cpuMilli <= 8_000, true)
  }
})

test('a copy that waited paused for its hand-over is not taken for an idle VM', async () => {
  for (const phase of phases) {
    const c = await virtualCluster({ hosts: 2, sampleMs })
    c.vm('a', 0, 5_000)
    c.vm('b', 0, 5_000)
    await c.run(phase)
    await c.until(() => c.world.migrations().length > 0, 60_000)
    // No agent hands the copy over: its host asks the source's hypervisor after a while.
    c.killAgent(0)
    await c.until(() => c.world.host('h1').demand.cpuMilli > 0, 60_000)
    for (let passed = 0; passed < 3_000; passed += 50) {
      await c.run(50)
      const { demand, committedIn } = c.view(1)
      assert.equal(demand.cpuMilli + committedIn.cpuMilli, 5_000, `phase ${phase}, after ${passed} ms`)
    }
  }
})
