/** What a host has is believed when two answers of its hypervisor in a row agree, and one wrong answer changes nothing. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Resources } from '@drover/placement'
import { asHostId } from '../data/ids.ts'
import type { Effect } from '../data/io.ts'
import { createPeer } from '../peer.ts'
import { ordinaryHost } from '../testing/observed-vm.ts'
import { peerInit } from '../testing/peer-init.ts'
import { describe } from './described.ts'
import { createHost, usableHere } from './host.ts'

const whole: Resources = { cpuMilli: 8_000, memoryMiB: 16_384 }
const half: Resources = { ...whole, memoryMiB: 8_192 }
const described = (capacity: Resources, version = '1') => ({
  ...ordinaryHost,
  name: 'h',
  capacity,
  cpuBaseline: 'x',
  migrationUri: 'sim://h',
  version,
})

/** True for each answer after which the hypervisor is asked once more at once; and what is believed in the end. */
const told = (...answers: readonly Resources[]) => {
  const host = createHost([], false)
  const asked = answers.map((capacity) => describe(host, described(capacity)))
  return { asked, usable: usableHere(host), open: host.claimed !== null }
}

test('a host that has just started is known from the second answer on', () => {
  assert.deepEqual(told(whole), { asked: [true], usable: { cpuMilli: 0, memoryMiB: 0 }, open: true })
  assert.deepEqual(told(whole, whole), { asked: [true, false], usable: whole, open: false })
})

test('one wrong answer is not believed, neither at the start nor later', () => {
  assert.deepEqual(told(half, whole, whole), { asked: [true, false, false], usable: whole, open: false })
  assert.deepEqual(told(whole, whole, half), { asked: [true, false, true], usable: whole, open: true })
  assert.deepEqual(told(whole, whole, half, whole), {
    asked: [true, false, true, false],
    usable: whole,
    open: false,
  })
})

test('memory that was taken out of a host is gone at the second answer', () => {
  assert.deepEqual(told(whole, whole, half, half).usable, half)
})

test('a host without CPU, or with a capacity that is no number, is never believed', () => {
  for (const cpuMilli of [0, -1, Number.NaN, Number.POSITIVE_INFINITY]) {
    const wrong = { ...whole, cpuMilli }
    assert.deepEqual(told(wrong, wrong, wrong).open, true)
    assert.deepEqual(told(wrong, wrong, whole, whole).usable, whole)
  }
})

test('other facts than the capacity are believed at once: an upgrade needs no second answer', () => {
  const host = createHost([], false)
  for (const version of ['1', '1', '2']) describe(host, described(whole, version))
  assert.equal(host.description?.version, '2')
})

test('while no two answers agree, the host promises nothing, and each sample asks again and warns', () => {
  const peer = createPeer(peerInit(asHostId('h')))
  let now = 0
  const kinds = (effects: readonly Effect[]) => effects.map(({ kind }) => kind)
  const describes = (capacity: Resources) =>
    kinds(peer.step(++now, { kind: 'described', description: described(capacity) })).includes('describe')
  const samples = () => peer.step(++now, { kind: 'observed', askedAt: now, vms: [] })
  peer.step(++now, { kind: 'hypervisor', connected: true })
  peer.step(++now, { kind: 'jobs', askedAt: now, outgoing: [], incoming: [] })
  assert.equal(describes(whole), true)
  assert.equal(describes(whole), false)
  for (let i = 0; i < 2; i++) samples()
  assert.equal(peer.view(now).able, true)

  assert.equal(describes(half), true)
  assert.equal(describes({ ...half, cpuMilli: 1 }), false, 'the next sample asks')
  assert.deepEqual(peer.view(now).troubles, ['capacity.unknown'])
  const effects = samples()
  assert.ok(kinds(effects).includes('describe'))
  assert.ok(effects.some((effect) => effect.kind === 'warn' && effect.code === 'capacity.unknown'))

  assert.equal(describes(whole), false)
  assert.equal(peer.view(now).able, true)
  assert.ok(!kinds(samples()).includes('describe'))
})
