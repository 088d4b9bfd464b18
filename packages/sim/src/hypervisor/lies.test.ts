// What hypervisors say wrongly: of one VM once or for a while, by leaving out one or all; and events that are lost or doubled.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Hypervisor } from '@drover/agent/runtime'
import { smallWorld } from '../testing/small-world.ts'

const told = async (h1: Hypervisor) =>
  (await h1.sample()).vms.map((one) => [one.vm, one.cpuMilli, one.memoryMiB])

test('a wrong answer is given once, or for a while, and the observer knows when', async () => {
  const { clock, world, vm, driver } = smallWorld(1)
  const id = vm('v', 'h1')
  const h1 = driver('h1')
  await h1.sample()
  await clock.advance(1_000)
  assert.equal(world.vm(id).misreadAt, null)
  world.misread(id, { memoryMiB: 0 })
  assert.deepEqual(await told(h1), [['v', 600, 0]])
  assert.deepEqual(await told(h1), [['v', 600, 1_024]])
  assert.equal(world.vm(id).misreadAt, 1_000)

  world.misread(id, { cpuTimes: -2 }, 3_000)
  for (const expected of [-1_200, -1_200, 600]) {
    await clock.advance(1_000)
    assert.deepEqual(await told(h1), [['v', expected, 1_024]])
  }
  world.misread(id, { cpuMilli: 1e9 }, 60_000)
  assert.deepEqual(await told(h1), [['v', 1e9, 1_024]])
  world.clearLies()
  assert.deepEqual(await told(h1), [['v', 600, 1_024]])
})

test('a sample may lack a VM, or all of a host', async () => {
  const { world, vm, driver } = smallWorld(1)
  const [a] = [vm('a', 'h1'), vm('b', 'h1')]
  const h1 = driver('h1')
  world.misread(a, { missing: true })
  const seen = async () => (await told(h1)).map(([id]) => id)
  assert.deepEqual(await seen(), ['b'])
  assert.deepEqual(await seen(), ['a', 'b'])
  world.blind('h1')
  assert.deepEqual(await seen(), [])
  assert.deepEqual(await seen(), ['a', 'b'])
})

test('events are lost or doubled as asked for, and always lost while the daemon is dead or hangs', async () => {
  const { clock, world, vm, driver } = smallWorld(1)
  const id = vm('v', 'h1')
  const h1 = driver('h1')
  await clock.advance(1)
  let heard = 0
  h1.events((event) => {
    if (event.kind === 'changed') heard += 1
  })
  const pauses = (): number => {
    heard = 0
    world.byHand.pause(id, 'h1')
    world.byHand.resume(id, 'h1')
    return heard
  }
  assert.equal(pauses(), 2)
  world.telling('h1', 'twice')
  assert.equal(pauses(), 4)
  world.telling('h1', 'never')
  assert.equal(pauses(), 0)
  world.telling('h1', 'once')
  for (const daemon of ['down', 'hung', 'up'] as const) {
    world.daemon('h1', daemon)
    assert.equal(pauses(), daemon === 'up' ? 2 : 0)
  }
})
