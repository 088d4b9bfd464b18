// Whether an overload can be cured is told by arithmetic that drover has no part in.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { asVmId } from '@drover/protocol'
import { certificates } from './curable.ts'
import { type SmallWorld, smallWorld } from './testing/small-world.ts'

const judge = ({ world }: SmallWorld, overloaded: string[], dead: string[] = []) =>
  certificates(overloaded, {
    world,
    limit: () => ({ cpuMilli: 6_650, memoryMiB: 30_000 }),
    able: (host) => !dead.includes(host),
  })
const fill = (small: SmallWorld, host: string, vms: number, changes = {}): void => {
  for (let i = 0; i < vms; i++) small.vm(`${host}-${i}`, host, { vcpus: 2, cpuMilli: 1_000, ...changes })
}

test('room elsewhere for one VM cures an overload by one', () => {
  const small = smallWorld(2)
  fill(small, 'h1', 7)
  fill(small, 'h2', 5)
  const [certificate] = judge(small, ['h1'])
  assert.equal(certificate?.moves.length, 1)
  assert.equal(certificate?.moves[0]?.to, 'h2')
})

test('no room, no live neighbour, or only pinned VMs: not proven curable', () => {
  const full = smallWorld(2)
  fill(full, 'h1', 7)
  fill(full, 'h2', 6)
  assert.deepEqual(judge(full, ['h1']), [])

  const pinned = smallWorld(2)
  fill(pinned, 'h1', 7, { fixed: 'dev.hostdev' })
  assert.deepEqual(judge(pinned, ['h1']), [])

  const alone = smallWorld(2)
  fill(alone, 'h1', 7)
  assert.equal(judge(alone, ['h1']).length, 1)
  assert.deepEqual(judge(alone, ['h1'], ['h2']), [])
  assert.deepEqual(judge(alone, ['h1'], ['h1']), [])
})

test('the same room cures one overload, not two', () => {
  const small = smallWorld(3)
  fill(small, 'h1', 7)
  fill(small, 'h2', 7)
  fill(small, 'h3', 5)
  assert.deepEqual(
    judge(small, ['h1', 'h2']).map((c) => c.host),
    ['h1'],
  )
})

test('where the largest VM does not fit, smaller ones may', () => {
  const small = smallWorld(2)
  small.vm('big', 'h1', { vcpus: 8, cpuMilli: 6_000 })
  fill(small, 'h1', 4, { cpuMilli: 300 })
  fill(small, 'h2', 5)
  const [certificate] = judge(small, ['h1'])
  assert.deepEqual(
    certificate?.moves.map((m) => m.to),
    ['h2', 'h2'],
  )
})

test('where a copy of it is left, a VM cannot go', () => {
  const small = smallWorld(2)
  small.vm('big', 'h1', { vcpus: 8, cpuMilli: 6_000 })
  small.vm('pinned', 'h1', { cpuMilli: 1_500, fixed: 'dev.hostdev' })
  assert.deepEqual(
    judge(small, ['h1']).map(({ moves }) => moves.length),
    [1],
  )
  small.world.byHand.define(asVmId('big'), 'h2')
  assert.deepEqual(judge(small, ['h1']), [])
})
