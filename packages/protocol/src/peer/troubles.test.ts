/** A host whose hypervisor has not yet told of its migrations promises nothing: one of before may still be running (S5). */
import assert from 'node:assert/strict'
import { test } from 'node:test'
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
