/** A VM that was moved rests: for drover's own ideas, for as long as the configuration says now, and under its right name. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  asHostId,
  asVmId,
  createPeer,
  explain,
  type ObservedVm,
  policyOf,
  type VmId,
} from '../../packages/protocol/src/index.ts'
import { ordinaryVm } from '../../packages/protocol/src/testing/observed-vm.ts'
import { nothingRestored, peerInit } from '../../packages/protocol/src/testing/peer-init.ts'
import { virtualCluster } from '../kit/virtual-cluster.ts'

const running = (vm: VmId): ObservedVm => ({ ...ordinaryVm, vm, name: vm })

test('a move that a cool-down forbids is called so by planner and explanation, which blame no rule of the operator', async () => {
  const cluster = await virtualCluster({ hosts: 2 })
  const web = cluster.vm('web', 1, 5_000)
  const gpu = cluster.vm('gpu', 0, 1_000, { fixed: 'dev.hostdev' })
  await cluster.run(3_000)
  await cluster.command(1, { kind: 'migrate', vm: web, to: cluster.ids[0]! })
  assert.ok(await cluster.until(() => cluster.world.host('h0').vms.includes(web), 60_000))
  await cluster.run(2_000)
  // The only VM that could leave came from the only host that could take it.
  cluster.world.setCpu(gpu, 4_000)
  await cluster.run(10_000)
  const newest = cluster.outcomes().at(-1)
  assert.deepEqual([newest?.result, newest?.code], ['nothing', 'vm.cooldown'])
  assert.match(newest?.text ?? '', /by cool-down of web/)
  const now = cluster.clock.now()
  const view = cluster.peer(0).view(now)
  const about = explain(view, [], { kind: 'vm', vm: web, name: 'web' })
  assert.ok(about?.kind === 'vm')
  assert.deepEqual(
    about.candidates.map((one) => one.code),
    ['vm.cooldown'],
    'the room there is no use now',
  )
  // An order is.
  await cluster.command(0, { kind: 'migrate', vm: web, to: cluster.ids[1]! })
  assert.ok(await cluster.until(() => cluster.world.host('h1').vms.includes(web), 60_000))
})

test('a cool-down that was shortened in the configuration is over sooner, for VMs that rest already, too', () => {
  const resting = { vm: asVmId('web'), from: asHostId('z'), remainingMs: 1_700_000 }
  const started = (cooldownMs: number) => {
    const peer = createPeer(
      peerInit(asHostId('a'), {
        incarnation: 2,
        policy: policyOf('balanced', { cooldownMs }),
        restored: { ...nothingRestored, cooldowns: [resting] },
      }),
    )
    peer.step(0, { kind: 'tick' })
    peer.step(10, { kind: 'observed', askedAt: 10, vms: [running(resting.vm)] })
    return peer.view(10).vms[0]?.cooldownMs
  }
  assert.equal(started(1_000), 990)
  assert.equal(started(0), 0)
  assert.equal(started(1_800_000), 1_699_990, 'a longer one does not make it longer')
})
