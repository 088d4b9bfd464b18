// The disk of a host is slow, and its agent dies while it writes: a record is on disk, or it is not, and what relies on it
// has left in neither case.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createJournalStore, type JournalStore } from '@drover/agent/runtime'
import { randomOf } from '../random.ts'
import { type ManualClock, manualClock } from '../time/clock.ts'
import { createHostClock } from '../time/host-clock.ts'
import { createProcess, type Process } from './process.ts'
import { type Disk, type Fate, onSlowDisk, quickDisk } from './slow-disk.ts'

interface Scene {
  readonly world: ManualClock
  readonly process: Process
  readonly journal: ReturnType<JournalStore['open']>
  readonly crashes: number[]
}

const open = (store: JournalStore, disk: Disk, seed = 1): Scene => {
  const world = manualClock()
  const shows = createHostClock(0, 1)
  const process = createProcess({ world, shows, timersFirst: () => true, onStill: () => {} })
  const crashes: number[] = []
  const journal = onSlowDisk(store.open(), {
    store,
    process,
    disk,
    draw: randomOf(seed, 'fsync'),
    crash: (afterMs) => void crashes.push(afterMs),
  })
  return { world, process, journal, crashes }
}

const epochAfter = (store: JournalStore): number => {
  const again = store.open()
  again.close()
  assert.equal(again.trouble, null, 'what had not reached the disk is not missed')
  return again.restored.epoch
}

test('a quick disk costs no time', () => {
  const { process, journal } = open(createJournalStore(), quickDisk())
  journal.append({ kind: 'epoch', epoch: 1 })
  assert.equal(process.free, true)
})

test('each record costs one fsync, and so do the opening and a probe', async () => {
  const { world, process, journal } = open(createJournalStore(), {
    meanMs: 100,
    spreadMs: 0,
    crash: null,
    recordsLeft: null,
  })
  let left = 0
  journal.append({ kind: 'epoch', epoch: 1 })
  journal.append({ kind: 'epoch', epoch: 2 })
  journal.probe()
  process.leave(() => {
    left = world.now()
  })
  await world.advance(1_000)
  assert.equal(left, 400)
})

test('the time of an fsync spreads as it was asked to, and never runs back', () => {
  const { process, journal } = open(createJournalStore(), {
    meanMs: 50,
    spreadMs: 100,
    crash: null,
    recordsLeft: null,
  })
  let before = process.stall(0)
  const times = Array.from({ length: 400 }, (_, index) => {
    journal.append({ kind: 'epoch', epoch: index })
    const after = process.stall(0)
    const took = after - before
    before = after
    return took
  })
  assert.ok(times.every((ms) => ms >= 0 && ms <= 150))
  assert.ok(Math.max(...times) > 140 && times.filter((ms) => ms === 0).length > 50)
})

test('an agent that dies in a write has written, or has not: both happen, and nothing behind it', async () => {
  const epochs = new Set<number>()
  for (let seed = 1; seed <= 40; seed += 1) {
    const store = createJournalStore()
    const { world, process, journal } = open(
      store,
      { meanMs: 100, spreadMs: 0, crash: null, recordsLeft: null },
      seed,
    )
    await world.advance(200)
    journal.append({ kind: 'epoch', epoch: 1 })
    journal.append({ kind: 'epoch', epoch: 2 })
    process.leave(() => assert.fail('it left before the record was on disk'))
    await world.advance(150)
    journal.close()
    process.end()
    await world.advance(1_000)
    epochs.add(epochAfter(store))
  }
  assert.deepEqual([...epochs].sort(), [1, 2])
})

const fates: readonly [Fate, readonly number[]][] = [
  ['written', [1]],
  ['unwritten', [0]],
  ['drawn', [0, 1]],
]
for (const [fate, expected] of fates)
  test(`a crash that is asked for finds the record ${fate}`, async () => {
    const epochs = new Set<number>()
    for (let seed = 1; seed <= 20; seed += 1) {
      const store = createJournalStore()
      const disk: Disk = { meanMs: 0, spreadMs: 0, crash: fate, recordsLeft: null }
      const { world, process, journal, crashes } = open(store, disk, seed)
      journal.append({ kind: 'epoch', epoch: 1 })
      assert.equal(disk.crash, null)
      assert.equal(crashes.length, 1)
      const [diesMs = Number.NaN] = crashes
      assert.ok(diesMs >= 0 && diesMs <= 10)
      await world.advance(diesMs)
      assert.equal(process.inStep, true)
      journal.close()
      epochs.add(epochAfter(store))
    }
    assert.deepEqual([...epochs].sort(), expected)
  })

test('a full disk refuses at once', () => {
  const store = createJournalStore()
  const { process, journal } = open(store, { meanMs: 0, spreadMs: 0, crash: null, recordsLeft: null })
  store.full = true
  assert.throws(() => journal.append({ kind: 'epoch', epoch: 1 }), /no space/)
  assert.equal(process.free, true)
})

// Of two records of one step the first is written: what relies on both must not leave.
test('a disk fills up after so many records, until it is cleaned up', () => {
  const store = createJournalStore()
  const disk: Disk = { ...quickDisk(), recordsLeft: 1 }
  const { journal } = open(store, disk)
  journal.append({ kind: 'epoch', epoch: 1 })
  assert.equal(journal.probe(), true)
  assert.throws(() => journal.append({ kind: 'epoch', epoch: 2 }), /no space/)
  assert.equal(journal.probe(), false)
  store.full = false
  journal.append({ kind: 'epoch', epoch: 3 })
  journal.close()
  assert.equal(epochAfter(store), 3)
})
