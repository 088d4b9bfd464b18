/**
 * The disk is full, and is cleaned up again, at any moment: one suite for every kind of journal, so that what agents in
 * virtual time are told is what the daemon is told. The file system of sqlite is a real one, of one MiB. It needs the right to
 * mount one; elsewhere only `sqlite.test.ts` shows a full disk.
 */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { closeSync, mkdirSync, openSync, rmSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import type { Input } from '@drover/protocol'
import { silentLog } from '../log-port.ts'
import { createPersister } from '../persist.ts'
import { closed, closedAction, decision, openAction, opened } from '../testing/fixtures.ts'
import { scratchPaths } from '../testing/scratch.ts'
import { type Journal, JournalError } from './journal-port.ts'
import { createJournalStore } from './memory.ts'
import { openJournal } from './sqlite.ts'

interface Disk {
  open(): Journal
  fill(): void
  free(): void
}

const freshDir = scratchPaths()
/** No time passes: what is open is as new as when it was written. */
const wallNow = (): number => 1_700_000_000_000

const inMemory = (during: (disk: Disk) => void): void => {
  const store = createJournalStore({ wallNow })
  during({
    open: store.open,
    fill() {
      store.full = true
    },
    free() {
      store.full = false
    },
  })
}

const fillUp = (path: string): void => {
  const file = openSync(path, 'w')
  assert.throws(() => {
    for (;;) writeSync(file, Buffer.alloc(4_096))
  }, /ENOSPC/)
  closeSync(file)
}

/** False = there is no right to mount a file system. */
const onTinyDisk = (during: (disk: Disk) => void): boolean => {
  const dir = freshDir()
  mkdirSync(dir)
  if (spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'drover-test', dir]).status !== 0) return false
  const filler = join(dir, 'filler')
  try {
    during({
      open: () => openJournal(dir, { wallNow }),
      fill: () => fillUp(filler),
      free: () => rmSync(filler),
    })
  } finally {
    spawnSync('umount', [dir])
  }
  return true
}

const hasCode = (code: JournalError['code']) => (error: unknown) =>
  error instanceof JournalError && error.code === code

const everyKind = (name: string, during: (disk: Disk) => void): void => {
  describe(name, () => {
    test('memory', () => inMemory(during))
    test('sqlite', (context) => {
      if (!onTinyDisk(during)) context.skip('no right to mount a file system')
    })
  })
}

everyKind('a full disk refuses every record, and keeps all that it had', ({ open, fill, free }) => {
  const journal = open()
  journal.append({ kind: 'epoch', epoch: 7 })
  journal.append(opened(1))
  fill()
  for (const n of [2, 3, 4]) assert.throws(() => journal.append(opened(n)), hasCode('journal.full'))
  assert.throws(() => journal.append(closed(1)), hasCode('journal.full'))
  assert.throws(() => journal.remember(decision(1)), hasCode('journal.full'))
  assert.equal(journal.probe(), false)
  free()
  assert.equal(journal.probe(), true)
  journal.append(opened(5))
  journal.remember(decision(1))
  journal.close()
  const again = open()
  assert.equal(again.trouble, null)
  assert.equal(again.restored.journalIntact, true)
  assert.deepEqual([again.restored.epoch, again.restored.open], [7, [openAction(1), openAction(5)]])
  assert.equal(again.history({}).length, 1)
  again.close()
})

// The agent's process dies on a full disk: its service manager starts it in vain until there is space.
everyKind('a journal on a full disk is not opened, and is whole when it is', ({ open, fill, free }) => {
  const first = open()
  first.append({ kind: 'epoch', epoch: 7 })
  first.append(opened(1))
  fill()
  assert.throws(() => first.append(opened(2)), hasCode('journal.full'))
  first.close()
  for (let start = 0; start < 3; start += 1) assert.throws(open, hasCode('journal.full'))
  free()
  const again = open()
  assert.deepEqual([again.trouble, again.restored.journalIntact], [null, true])
  assert.deepEqual([again.restored.epoch, again.restored.open], [7, [openAction(1)]])
  again.close()
})

/** What the agent does with a journal, and a clock that a test winds. */
const persisterOn = (journal: Journal) => {
  const heard: Input[] = []
  let due = (): void => {}
  const clock = {
    now: () => 0,
    after: (_: number, fn: () => void) => {
      due = fn
      return () => {}
    },
  }
  const pauses = { firstMs: 1, maxMs: 1 }
  const feed = (input: Input): void => void heard.push(input)
  const persister = createPersister({ journal, clock, log: silentLog, feed, pauses })
  return { persister, heard, tryAgain: () => due() }
}
const journalSays = (healthy: boolean): Input => ({ kind: 'journal', healthy })

everyKind('what a full disk refused is owed, and written in its order', ({ open, fill, free }) => {
  const journal = open()
  const { persister, heard, tryAgain } = persisterOn(journal)
  assert.equal(persister.persist(opened(1)), true)
  fill()
  assert.equal(persister.persist(closed(1)), false)
  assert.equal(persister.persist(opened(2)), false)
  tryAgain()
  assert.deepEqual(heard, [journalSays(false)])
  free()
  assert.equal(persister.persist(closed(2)), false, 'behind what is owed')
  tryAgain()
  assert.deepEqual(heard, [journalSays(false), journalSays(true)])
  assert.equal(persister.persist(opened(3)), true)
  journal.close()
  const again = open()
  assert.deepEqual(again.restored.open, [openAction(3)])
  assert.deepEqual(again.restored.closed, [closedAction(1), closedAction(2)])
  again.close()
})

// What is only owed is gone with the process: the next one knows the story up to the moment at which the disk was full.
everyKind('an agent that dies while it owes records finds none of them', ({ open, fill, free }) => {
  const journal = open()
  const { persister, tryAgain } = persisterOn(journal)
  persister.persist({ kind: 'epoch', epoch: 7 })
  persister.persist(opened(1))
  fill()
  persister.persist(closed(1))
  persister.persist(opened(2))
  persister.stop()
  journal.close()
  free()
  tryAgain()
  const again = open()
  assert.deepEqual([again.trouble, again.restored.journalIntact], [null, true])
  assert.deepEqual([again.restored.open, again.restored.closed], [[openAction(1)], []])
  again.close()
})
