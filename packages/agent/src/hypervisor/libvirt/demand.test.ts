/** What a VM wants of the CPU is read from counters that begin anew whenever it starts or arrives, and of which parts may lack. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { VmId } from '@drover/protocol'
import { type CpuCounters, type CpuSum, cpuLookOf, createCpuHistory } from './demand.ts'

const vm = 'ac02535e-ac84-4f51-be77-1e291ebb7c23' as VmId
const second = 1_000_000_000

const sum = (wantedSeconds: number, changes: Partial<CpuSum> = {}): CpuSum => ({
  source: '0 1',
  rank: 2,
  wantedNs: wantedSeconds * second,
  ...changes,
})

interface Seen extends Partial<Omit<CpuCounters, 'vm'>> {
  /** Asked and answered then, s. */
  readonly at: number | readonly [number, number]
  readonly wants?: number
}

type Look = Seen | { readonly at: number; readonly gone: true }

/** What was measured at each look. */
const looks = (...all: readonly Look[]) => {
  const history = createCpuHistory()
  return all.map((seen): number | null => {
    const [asked, answered] = typeof seen.at === 'number' ? [seen.at, seen.at] : seen.at
    const { wants = 0, ...told } = 'gone' in seen ? {} : seen
    const counters = { vm, id: 1, running: true, vcpus: 2, sum: sum(wants), ...told }
    const look = cpuLookOf(asked * 1_000, answered * 1_000, 'gone' in seen ? [] : [counters])
    return history.measure(look).get(vm) ?? null
  })
}
const last = (...all: readonly Look[]): number | null | undefined => looks(...all).at(-1)

test('demand is what the VM used and waited for, per elapsed time', () => {
  // Measured: on half a core, one busy VM ran 4.6 s and waited 5.5 s of 10 s. It wants a whole core, not half of one.
  assert.equal(last({ at: 0, wants: 100 }, { at: 10, wants: 110.1 }), 1_010)
  assert.equal(last({ at: 0, wants: 100 }, { at: 10, wants: 100 }), 0)
})

test('no demand is made up for a VM that is seen for the first time, or was away', () => {
  assert.equal(last({ at: 0, wants: 5 }), null)
  assert.equal(last({ at: 0, gone: true }, { at: 1, wants: 5 }), null)
  assert.equal(last({ at: 0, wants: 4 }, { at: 1, gone: true }, { at: 2, wants: 5 }), null)
})

test('a migration or a restart makes the counters start again', () => {
  // A new QEMU has a new number and counts from 0: comparing it with the old one would give nonsense.
  assert.equal(last({ at: 0, wants: 100 }, { at: 1, wants: 101, id: 2 }), null)
  // The number may repeat when libvirtd has forgotten it; counters that run backwards tell the truth.
  assert.equal(last({ at: 0, wants: 100 }, { at: 1, wants: 3 }), null)
})

test('a VM that was paused at either look, or at one between them, was not measured', () => {
  assert.equal(last({ at: 0, wants: 4 }, { at: 1, wants: 5, running: false }), null)
  assert.equal(last({ at: 0, wants: 5, running: false }, { at: 1, wants: 5.1 }), null)
  assert.equal(last({ at: 0, wants: 4 }, { at: 1, wants: 4, running: false }, { at: 1.5, wants: 4.5 }), null)
})

test('a pause that no look has seen is known from what the daemon tells', () => {
  const history = createCpuHistory()
  const look = (at: number, wants: number) =>
    history.measure(cpuLookOf(at, at, [{ vm, id: 1, running: true, vcpus: 2, sum: sum(wants) }])).get(vm)
  look(0, 0)
  history.paused(vm, 400)
  assert.equal(look(1_000, 0.5), null)
  assert.equal(look(2_000, 1.5), 1_000)
})

test('two looks that are close together say nothing; the one before them does', () => {
  assert.deepEqual(looks({ at: 5, wants: 1 }, { at: 5, wants: 2 }), [null, null])
  assert.deepEqual(looks({ at: 0 }, { at: 1, wants: 1 }, { at: 1.25, wants: 1.5 }), [null, 1_000, 1_200])
})

test('an incomplete reading and a whole one give no demand', () => {
  // Seen in other systems' reports: libvirt leaves out what it fails to read in /proc, and 2 vCPUs "want" 40,960 cores.
  const hour = 3_600
  const whole = (at: number) => ({ at, wants: 46 * hour + at })
  const wrong: Readonly<Record<string, CpuSum | null>> = {
    'the whole QEMU instead of its vCPUs': sum(60 * hour, { source: 'process', rank: 0 }),
    'no waits': sum(40 * hour, { rank: 1 }),
    'one vCPU only, although two are online': null,
  }
  for (const [what, lacking] of Object.entries(wrong)) {
    // Once, and for as long as one likes: what was told before must not lack.
    const seen = looks(
      whole(0),
      whole(1.15),
      { at: 2.3, sum: lacking },
      { at: 3.45, sum: lacking },
      whole(4.6),
    )
    assert.deepEqual(seen, [null, 1_000, null, null, 1_000], what)
  }
})

test('a VM of which only the whole QEMU is ever told is measured by that; by its vCPUs as soon as they are told', () => {
  const process = (at: number) => ({ at, sum: sum(at / 2, { source: 'process', rank: 0 }) })
  assert.deepEqual(looks(process(0), process(1), { at: 2, wants: 900 }, { at: 3, wants: 901 }), [
    null,
    500,
    null,
    1_000,
  ])
})

test('a vCPU that is added or taken away makes the counters others', () => {
  const one = (at: number) => ({ at, vcpus: 1, sum: sum(at, { source: '0' }) })
  assert.deepEqual(looks(one(0), one(1), { at: 2, wants: 100 }, { at: 3, wants: 102 }, one(4), one(5)), [
    null,
    1_000,
    null,
    2_000,
    null,
    1_000,
  ])
})

test('no VM wants more than its vCPUs can run', () => {
  assert.equal(last({ at: 0 }, { at: 1.15, wants: 3 }), null)
  assert.equal(last({ at: 0 }, { at: 1, wants: 2.02 }), 2_020, 'counters tick')
})

test('an answer that was long on its way is measured over a longer time, not wrongly', () => {
  // U10: the time was taken after the reply; a slow daemon's second look seemed to come much sooner than it did.
  assert.equal(last({ at: [0, 0.9] }, { at: [1, 1.01], wants: 1 }), null)
  assert.equal(last({ at: [0, 0.1] }, { at: [1, 1.1], wants: 1 }), 1_000)
  const slow = Array.from({ length: 12 }, (_, i) => ({ at: [i, i + 0.5] as const, wants: i }))
  assert.deepEqual(looks(...slow), [null, null, null, null, ...Array(8).fill(1_000)])
})

test('readings far apart measure over long times', () => {
  assert.deepEqual(looks({ at: 0 }, { at: 60, wants: 60 }, { at: 120, wants: 150 }), [null, 1_000, 1_500])
})

test('how many vCPUs a VM has is remembered while it is not told', () => {
  const history = createCpuHistory()
  const look = (at: number, vcpus: number | null, id = 1) => {
    history.measure(cpuLookOf(at, at, [{ vm, id, running: true, vcpus, sum: null }]))
    return history.vcpusOf(vm)
  }
  assert.deepEqual([look(0, null), look(1, 4), look(2, null), look(3, null, 2)], [null, 4, 4, null])
})
