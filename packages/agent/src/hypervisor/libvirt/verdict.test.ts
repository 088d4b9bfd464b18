/** Three things decide what a migration came to: how the call ended, what is seen, and what was witnessed. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { VmId } from '@drover/protocol'
import type { Job, Observation } from './observe.ts'
import { pausedReasons } from './procedures.ts'
import { type CallEnd, verdict } from './verdict.ts'

const domain = { name: 'vm1', vm: 'ac02535e-ac84-4f51-be77-1e291ebb7c23' as VmId, id: 3 }
const before = { id: 3, running: true }
const ok: CallEnd = { kind: 'ok' }
const error: CallEnd = { kind: 'error', code: 'hypervisor.refused', detail: 'client socket is closed' }
const lost: CallEnd = { kind: 'lost', detail: 'the connection broke' }
const active = (running: boolean, reason = 1, job: Job = { kind: 'none' }): Observation => ({
  kind: 'active',
  domain,
  running,
  reason,
  job,
})
const short = (...args: Parameters<typeof verdict>): string => {
  const found = verdict(...args)
  return 'code' in found ? `${found.kind} ${found.code}` : found.kind
}

test('done only if the VM is gone, and gone because it moved', () => {
  assert.equal(short(ok, before, { kind: 'absent' }, null), 'done')
  assert.equal(short(lost, before, { kind: 'absent' }, 'migrated'), 'done')
  // Its owner destroyed it in the middle: gone, but it did not arrive anywhere.
  assert.equal(short(error, before, { kind: 'absent' }, 'destroyed'), 'unknown vm.stopped')
  assert.equal(short(error, before, { kind: 'shut', domain }, 'destroyed'), 'unknown vm.stopped')
  // It was not seen how it went: the destination has to say.
  assert.equal(short(lost, before, { kind: 'absent' }, null), 'ask_destination')
})

test('refused only if the VM is here as it was, with no job', () => {
  assert.equal(short(error, before, active(true), null), 'refused hypervisor.refused')
  assert.equal(short(lost, before, active(true), null), 'refused hypervisor.unreachable')
  const byOwner = { id: 3, running: false }
  assert.equal(short(error, byOwner, active(false, pausedReasons.byUser), null), 'refused hypervisor.refused')
})

test('everything else is unknown: above all a VM that libvirt left paused', () => {
  // The grey window: the source's libvirtd died between Perform and Confirm. The copy there may be running.
  assert.equal(short(error, before, active(false, pausedReasons.migration), null), 'unknown vm.paused_here')
  const byOwner = { id: 3, running: false }
  assert.equal(short(error, byOwner, active(false, pausedReasons.migration), null), 'unknown vm.paused_here')
  assert.equal(short(ok, before, active(true), null), 'unknown vm.still_here')
  assert.equal(short(ok, before, { kind: 'shut', domain }, 'migrated'), 'unknown vm.still_defined')
  assert.equal(short(error, { id: 2, running: true }, active(true), null), 'unknown vm.restarted')
  assert.equal(short(error, before, active(true, 1, { kind: 'other' }), null), 'unknown vm.job_active')
})
