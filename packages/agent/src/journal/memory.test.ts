/** What the harness can do to the journal in memory: fill it, lose it, tear its last record. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openAction, opened } from '../testing/fixtures.ts'
import { createJournalStore } from './memory.ts'

/** No time passes: what is open is as new as when it was written. */
const wallNow = (): number => 1_700_000_000_000

// A host's disk is exchanged: the restarted agent must not believe that it never granted anything.
test('a lost store is not intact, and says so', () => {
  const store = createJournalStore({ wallNow })
  const first = store.open()
  first.append({ kind: 'epoch', epoch: 9 })
  first.close()
  store.lose()
  const second = store.open()
  assert.equal(second.restored.epoch, 0)
  assert.equal(second.restored.journalIntact, false)
  assert.match(second.trouble ?? '', /gone/)
  assert.ok(second.incarnation >= first.incarnation)
})

// Power failed while the last record was on its way to the disk.
test('a torn store has all but the last record, and is not intact', () => {
  const store = createJournalStore({ wallNow })
  const first = store.open()
  first.append({ kind: 'epoch', epoch: 9 })
  first.append(opened(1))
  first.append(opened(2))
  first.close()
  store.tear()
  const second = store.open()
  assert.equal(second.restored.epoch, 9)
  assert.deepEqual(second.restored.open, [openAction(1)])
  assert.equal(second.restored.journalIntact, false)
  assert.match(second.trouble ?? '', /torn/)
})

// A crash that took more than one record with it, as a truncated log does.
test('several records can be torn off, but no more than there are', () => {
  const store = createJournalStore({ wallNow })
  const first = store.open()
  first.append({ kind: 'epoch', epoch: 9 })
  for (let n = 1; n <= 4; n += 1) first.append(opened(n))
  first.close()
  store.tear(3)
  const second = store.open()
  assert.deepEqual(second.restored.open, [openAction(1)])
  second.close()
  store.tear(10)
  const third = store.open()
  assert.deepEqual([third.restored.epoch, third.restored.open], [0, []])
  assert.match(third.trouble ?? '', /torn/)
})

// An operator deletes the files of a running agent: it goes on writing to them, and its next life finds none of it.
test('a store that is lost while it is open is found empty when it is opened again', () => {
  const store = createJournalStore({ wallNow })
  const first = store.open()
  first.append({ kind: 'epoch', epoch: 9 })
  store.lose()
  first.append(opened(1))
  assert.equal(store.records.length, 2)
  first.close()
  const second = store.open()
  assert.deepEqual([second.restored.epoch, second.restored.open], [0, []])
  assert.match(second.trouble ?? '', /gone/)
})

// The agent died in its write: the next one cannot tell that there was one.
test('a store goes back to a checkpoint without a word', () => {
  const store = createJournalStore({ wallNow })
  const first = store.open()
  first.append({ kind: 'epoch', epoch: 9 })
  const back = store.checkpoint()
  first.append(opened(1))
  first.append(opened(2))
  back()
  first.close()
  const second = store.open()
  assert.deepEqual([second.restored.epoch, second.restored.open], [9, []])
  assert.equal(second.restored.journalIntact, true)
  assert.equal(second.trouble, null)
  assert.deepEqual(
    store.records.map((record) => record.kind),
    ['epoch'],
  )
})
