/** The journal on a real disk: kill -9 of its process, truncated files, garbage, no space. */
import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  cpSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { before, test } from 'node:test'
import type { PartitionId } from '@drover/protocol'
import { closed, decision, host, openAction, opened } from '../testing/fixtures.ts'
import { scratchPaths } from '../testing/scratch.ts'
import { JournalError } from './journal-port.ts'
import { openJournal } from './sqlite.ts'
import { historyLimits } from './state.ts'

const freshDir = scratchPaths()

const hasCode = (code: JournalError['code']) => (error: unknown) =>
  error instanceof JournalError && error.code === code

/** A real process that opens the journal, appends and then hangs: its end is a real kill -9. */
const childWith = async (dir: string, epoch: number): Promise<ChildProcess> => {
  const script = `
    import { openJournal } from ${JSON.stringify(new URL('./sqlite.ts', import.meta.url).href)}
    const journal = openJournal(${JSON.stringify(dir)})
    journal.append({ kind: 'epoch', epoch: ${epoch} })
    journal.append(${JSON.stringify(opened(1))})
    console.log('written')
    setInterval(() => {}, 1_000)`
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  await once(child.stdout ?? assert.fail('no pipe'), 'data')
  return child
}

/** Where an agent was killed, a copy of what it left there, and what a second agent was told while it lived. */
let killedDir = ''
let leftBehind = ''
let killedPid = 0
let toldMeanwhile: unknown
before(async () => {
  killedDir = freshDir()
  const child = await childWith(killedDir, 41)
  killedPid = child.pid ?? 0
  try {
    openJournal(killedDir).close()
  } catch (error) {
    toldMeanwhile = error
  }
  const exit = once(child, 'exit')
  child.kill('SIGKILL')
  await exit
  leftBehind = freshDir()
  cpSync(killedDir, leftBehind, { recursive: true })
})
/** An action grows older while its agent is dead. */
const withoutAges = <T>(open: readonly T[]): (T & { ageMs: number })[] =>
  open.map((one) => ({ ...one, ageMs: 0 }))
const killedCopy = (): string => {
  const dir = freshDir()
  cpSync(leftBehind, dir, { recursive: true })
  return dir
}

// kill -9 of an agent: while it lived its directory was its own, afterwards the next agent finds all that it had written.
test('the lock ends with its process, and what was appended outlives kill -9', () => {
  assert.ok(hasCode('journal.locked')(toldMeanwhile))
  assert.match(String(toldMeanwhile), new RegExp(`process ${killedPid}\\b`))
  // The very directory: its lock is free, too.
  const journal = openJournal(killedDir)
  assert.equal(journal.restored.epoch, 41)
  assert.equal(journal.restored.journalIntact, true)
  assert.deepEqual(withoutAges(journal.restored.open), withoutAges([openAction(1)]))
  assert.equal(journal.trouble, null)
  journal.close()
})

// The end of the log is cut off after kill -9: SQLite recovers without a word, but a grant may have left on the record
// that is gone now.
test('a cut or deleted log is noticed, and stays noticed until a new epoch is written', () => {
  for (const cutTo of ['half', 'nothing'] as const) {
    const dir = killedCopy()
    const log = join(dir, 'journal.db-wal')
    const bytes = statSync(log).size
    assert.ok(bytes > 0)
    if (cutTo === 'half') truncateSync(log, Math.floor(bytes - 4_200))
    else rmSync(log)
    const first = openJournal(dir)
    assert.equal(first.restored.journalIntact, false)
    assert.match(first.trouble ?? '', /of the journal|journal ends|gone|begun anew/)
    first.close()
    const second = openJournal(dir)
    assert.equal(second.restored.journalIntact, false, 'a restart does not heal it')
    second.append({ kind: 'epoch', epoch: 42 })
    second.close()
    const third = openJournal(dir)
    assert.equal(third.restored.journalIntact, true)
    assert.equal(third.restored.epoch, 42)
    third.close()
  }
})

// An agent of a version that knew of no autostart was killed: the next one reads all that it had written.
test('a journal from before autostart was kept is read, and takes some', () => {
  const dir = killedCopy()
  const db = new DatabaseSync(join(dir, 'journal.db'))
  db.exec('DROP TABLE autostart')
  db.close()
  const journal = openJournal(dir)
  assert.equal(journal.trouble, null)
  assert.equal(journal.restored.journalIntact, true)
  assert.deepEqual(withoutAges(journal.restored.open), withoutAges([openAction(1)]))
  assert.equal(journal.restored.open[0] !== undefined && 'autostart' in journal.restored.open[0], false)
  assert.deepEqual(journal.restored.autostarts, [])
  const { action, vm } = openAction(1)
  journal.append({ kind: 'autostart-owed', action, vm })
  journal.close()
  const again = openJournal(dir)
  assert.deepEqual(again.restored.autostarts, [{ action, vm }])
  again.close()
})

// A disk that returns nonsense, a file cut in the middle: the agent begins anew and keeps the wreck for its operator.
test('a journal that cannot be read is moved aside', () => {
  const damages: Record<string, (path: string) => void> = {
    garbage: (path) => writeFileSync(path, 'not a database at all '.repeat(500)),
    'cut in the middle': (path) => truncateSync(path, 6_000),
    'a row that is no JSON': (path) => {
      const bytes = readFileSync(path)
      const at = bytes.lastIndexOf('"peerUri"')
      assert.ok(at > 0)
      bytes.fill('#', at, at + 4)
      writeFileSync(path, bytes)
    },
  }
  for (const [what, damage] of Object.entries(damages)) {
    const dir = freshDir()
    const first = openJournal(dir)
    first.append({ kind: 'epoch', epoch: 3 })
    first.append(opened(1))
    first.close()
    damage(join(dir, 'journal.db'))
    const second = openJournal(dir)
    assert.equal(second.restored.journalIntact, false, what)
    assert.deepEqual(second.restored.open, [], what)
    assert.match(second.trouble ?? '', /moved aside/, what)
    assert.ok(second.incarnation > first.incarnation - 1, what)
    assert.equal(readdirSync(dir).filter((name) => name.includes('.broken-')).length, 1, what)
    second.append(opened(2))
    second.close()
  }
})

// An operator deletes the journal of a host that has granted leases.
test('a deleted journal is noticed', () => {
  const dir = freshDir()
  const first = openJournal(dir)
  first.append({ kind: 'epoch', epoch: 3 })
  first.close()
  for (const name of readdirSync(dir)) if (name.startsWith('journal.db')) rmSync(join(dir, name))
  const second = openJournal(dir)
  assert.equal(second.restored.journalIntact, false)
  assert.match(second.trouble ?? '', /gone/)
  second.close()
})

// The disk is full: every append says so, nothing half-written is left, and writing works again when there is space.
test('a full disk refuses records and loses none', () => {
  const dir = freshDir()
  const journal = openJournal(dir, { pagesMax: 12 })
  let written = 0
  assert.throws(() => {
    for (let n = 1; n < 1_000; n += 1) {
      journal.append(opened(n))
      written = n
    }
  }, hasCode('journal.full'))
  assert.ok(written > 0)
  assert.equal(journal.probe(), false)
  journal.close()
  const again = openJournal(dir)
  assert.equal(again.restored.open.length, written)
  assert.equal(again.trouble, null)
  assert.equal(again.probe(), true)
  for (let n = 1; n <= written; n += 1) again.append(closed(n))
  again.close()
})

// Where the agent may not write at all it says so at once.
test('a data directory that cannot be made is an error with the path', () => {
  const dir = freshDir()
  writeFileSync(dir, 'a file')
  assert.throws(() => openJournal(join(dir, 'below')), hasCode('journal.broken'))
})

// History that cannot be read costs history only.
test('a broken history is begun anew, and the journal stays intact', () => {
  const dir = freshDir()
  mkdirSync(dir)
  const first = openJournal(dir)
  first.append({ kind: 'epoch', epoch: 3 })
  first.remember(decision(1))
  first.close()
  writeFileSync(join(dir, 'history.db'), 'nonsense'.repeat(1_000))
  const second = openJournal(dir)
  assert.equal(second.restored.journalIntact, true)
  assert.deepEqual(second.history({}), [])
  second.remember(decision(2))
  assert.equal(second.history({}).length, 1)
  assert.ok(second.size() > 0)
  second.close()
})

// A peer that invents decisions leaves the others where they are.
test('of what one other host led so many records are kept, and all others stay', () => {
  const journal = openJournal(freshDir())
  const own = decision(0, { id: 'b.1.1' as PartitionId, leader: host('b'), asMember: false })
  journal.remember(own)
  for (let n = 1; n <= historyLimits.decisionsOfPeerMax + 20; n++)
    journal.remember(decision(n, { asMember: true }))
  const kept = journal.history({ limit: historyLimits.decisionsMax }).map((one) => one.decision.id)
  assert.equal(kept.length, historyLimits.decisionsOfPeerMax + 1)
  assert.ok(kept.includes(own.id))
  journal.close()
})
