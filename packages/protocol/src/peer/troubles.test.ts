/** A host whose hypervisor has not yet told of its migrations promises nothing: one of before may still be running (S5). */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { limits } from '../data/config.ts'
import { asHostId } from '../data/ids.ts'
import { createPeer } from '../peer.ts'
import { ordinaryHost } from '../testing/observed-vm.ts'
import { peerInit } from '../testing/peer-init.ts'

test('until its hypervisor has told of running migrations a host grants and begins nothing', () => {
  const peer = createPeer(peerInit(asHostId('a')))
  peer.step(0, { kind: 'hypervisor', connected: true })
  const capacity = { cpuMilli: 8_000, memoryMiB: 16_384 }
  peer.step(1, { kind: 'described', description: { ...ordinaryHost, capacity } })
  for (const at of [1, 2]) peer.step(at, { kind: 'observed', askedAt: at, vms: [] })
  const untold = (now: number): boolean => peer.view(now).troubles.includes('hypervisor.unreachable')
  assert.equal(untold(3), true)
  peer.step(4, { kind: 'jobs', askedAt: 4, outgoing: [], incoming: [] })
  assert.equal(untold(5), false)
})

test('a look that says a strange time of its question is taken in all the same', () => {
  const peer = createPeer(peerInit(asHostId('a')))
  peer.step(1, { kind: 'hypervisor', connected: true })
  const capacity = { cpuMilli: 8_000, memoryMiB: 16_384 }
  for (const at of [1, 2]) peer.step(at, { kind: 'described', description: { ...ordinaryHost, capacity } })
  for (const askedAt of [1_000_000, -5, 2]) peer.step(3_000, { kind: 'observed', askedAt, vms: [] })
  peer.step(3_000, { kind: 'jobs', askedAt: 9_000_000, outgoing: [], incoming: [] })
  const seenAt = (now: number): boolean => {
    peer.step(now, { kind: 'tick' })
    return !peer.view(now).troubles.includes('hypervisor.unreachable')
  }
  const { sampleAgeMsMax } = limits
  assert.deepEqual([seenAt(3_000 + sampleAgeMsMax), seenAt(3_001 + sampleAgeMsMax)], [true, false])
})
