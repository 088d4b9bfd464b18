/** Doing nothing is most of the work: constant load, loads at the edge, and modes that only look. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { virtualCluster } from '../kit/virtual-cluster.ts'

test('ten minutes of constant feasible load: no migration, no partition', async () => {
  // Four hosts filled to 70, 80, 90 and 99 %: uneven, and no reason to move a VM (Q3).
  const cluster = await virtualCluster({ hosts: 4, policy: { gossipMs: 5_000 } })
  const loads = [5_600, 6_400, 7_200, 7_920]
  loads.forEach((load, host) => {
    for (let i = 0; i < 8; i++) cluster.vm(`vm-${host}-${i}`, host, load / 8)
  })
  await cluster.run(600_000)
  assert.deepEqual(cluster.outcomes(), [])
  assert.equal(cluster.messages.filter(({ message }) => 'partition' in message).length, 0)
})

test('a spike shorter than the hold time moves nothing', async () => {
  const cluster = await virtualCluster({ hosts: 2, policy: { overloadHoldMs: 2_000 } })
  for (let i = 0; i < 7; i++) cluster.vm(`vm-${i}`, 0, 1_000)
  await cluster.run(2_000)
  for (let spike = 0; spike < 5; spike++) {
    cluster.world.setCpu('vm-0' as never, 4_000)
    await cluster.run(1_500)
    cluster.world.setCpu('vm-0' as never, 1_000)
    await cluster.run(1_500)
  }
  assert.deepEqual(cluster.outcomes(), [])
})

test('observe mode decides, says what it would do, and moves nothing', async () => {
  const cluster = await virtualCluster({ hosts: 3, mode: 'observe' })
  for (let i = 0; i < 7; i++) cluster.vm(`vm-${i}`, 0, 1_000)
  await cluster.run(2_000)
  cluster.world.setCpu('vm-0' as never, 2_500)
  await cluster.run(30_000)
  const decisions = cluster.outcomes()
  assert.ok(decisions.length >= 1 && decisions.length < 6, `${decisions.length} decisions: told, not shouted`)
  assert.ok(decisions.every((one) => one.result === 'would' && one.actions.length === 1))
  assert.equal(
    cluster.messages.filter(({ message }) => ['assign', 'begin', 'admit'].includes(message.kind)).length,
    0,
  )
  assert.deepEqual(cluster.overloaded(), ['h0'])
})

test('`plan` asks without touching anything, and says when nothing is wrong', async () => {
  const cluster = await virtualCluster({ hosts: 3 })
  for (let i = 0; i < 4; i++) cluster.vm(`vm-${i}`, 0, 1_000)
  await cluster.run(2_000)
  const reply = await cluster.command(0, { kind: 'plan' })
  assert.equal(reply.kind, 'ok')
  assert.equal(cluster.outcomes()[0]?.result, 'satisfied')
})

test('a VM at rest does not go back where it came from', async () => {
  // The load moves from host to host like a wave; the VM that was moved first must not bounce between them (Q1).
  const cluster = await virtualCluster({ hosts: 3, policy: { cooldownMs: 120_000 } })
  for (let host = 0; host < 2; host++) for (let i = 0; i < 6; i++) cluster.vm(`vm-${host}-${i}`, host, 1_000)
  await cluster.run(2_000)
  const trips: string[] = []
  for (let wave = 0; wave < 6; wave++) {
    for (let host = 0; host < 2; host++)
      for (const vm of cluster.world.host(`h${host}`).vms)
        cluster.world.setCpu(vm, wave % 2 === host ? 1_400 : 900)
    await cluster.run(10_000)
  }
  for (const one of cluster.outcomes())
    for (const { action, result } of one.actions)
      if (action.kind === 'migrate' && result?.kind === 'done')
        trips.push(`${action.vm} ${action.from}>${action.to}`)
  for (const trip of trips) {
    const [vm, way] = trip.split(' ') as [string, string]
    const back = `${vm} ${way.split('>').reverse().join('>')}`
    assert.ok(!trips.includes(back), `${trip} and back`)
  }
})
