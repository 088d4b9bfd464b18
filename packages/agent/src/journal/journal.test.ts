/** One suite for every kind of journal: what a restarted agent finds of what it had written. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { asHostId, limits } from '@drover/protocol'
import {
  action,
  closed,
  closedAction,
  decision,
  duty,
  host,
  openAction,
  opened,
  vmId,
} from '../testing/fixtures.ts'
import { scratchPaths } from '../testing/scratch.ts'
import { type Journal, JournalError } from './journal-port.ts'
import { createJournalStore } from './memory.ts'
import { openJournal } from './sqlite.ts'

/** An empty journal of this kind. It may be opened again after `close`, as after a restart. */
type Fresh = () => () => Journal

const freshDir = scratchPaths()

let wallMs = 1_800_000_000_000
const wallNow = () => wallMs

const kinds: Readonly<Record<string, Fresh>> = {
  sqlite: () => {
    const dir = freshDir()
    return () => openJournal(dir, { wallNow })
  },
  memory: () => {
    const store = createJournalStore({ wallNow })
    return () => store.open()
  },
}

const forEachKind = (about: string, tests: (fresh: Fresh) => void): void => {
  for (const [name, fresh] of Object.entries(kinds)) describe(`${about}: ${name}`, () => tests(fresh))
}

forEachKind('what a restarted agent finds', (fresh) => {
  // A host's first start: nothing is known, so nothing may be granted yet.
  test('a new journal is empty and not intact', () => {
    const journal = fresh()()
    assert.deepEqual(journal.restored, {
      epoch: 0,
      journalIntact: false,
      lacking: false,
      open: [],
      closed: [],
      duties: [],
      autostarts: [],
      met: [],
      draining: false,
      mode: null,
      cooldowns: [],
    })
    assert.equal(journal.trouble, null)
    assert.equal(journal.probe(), true)
    assert.deepEqual(journal.history({}), [])
    journal.close()
  })

  // An agent is restarted in the middle of its work: it finds its epoch, what was open, and the operator's will.
  test('appended records are there after a restart', () => {
    const open = fresh()
    const first = open()
    first.append({ kind: 'epoch', epoch: 7 })
    first.append({ kind: 'epoch', epoch: 6 })
    for (const n of [3, 1, 2]) first.append(opened(n))
    first.append(closed(1, 'departure', duty(1)))
    first.append({ kind: 'draining', draining: true })
    first.append({ kind: 'mode', mode: 'auto' })
    first.close()
    const second = open()
    assert.deepEqual(second.restored, {
      epoch: 7,
      journalIntact: true,
      lacking: false,
      open: [openAction(2), openAction(3)],
      closed: [closedAction(1)],
      duties: [duty(1)],
      autostarts: [],
      met: [],
      draining: true,
      mode: 'auto',
      cooldowns: [],
    })
    second.append({ kind: 'draining', draining: false })
    second.append(closed(2, 'departure', duty(2)))
    second.append({ kind: 'discharged', action: action(1) })
    second.append(closed(3))
    second.append(closed(3))
    second.append({ kind: 'lacking' })
    second.close()
    const third = open()
    assert.deepEqual(third.restored.open, [])
    assert.equal(third.restored.lacking, true)
    assert.deepEqual(third.restored.closed, [closedAction(1), closedAction(2), closedAction(3)])
    assert.deepEqual(third.restored.duties, [duty(2)], 'until the other end has heard it')
    assert.equal(third.restored.draining, false)
    third.close()
  })

  // What the core hands over is its own: changing it afterwards must not change what is written.
  test('a record is copied: later changes of the caller do not reach the journal', () => {
    const open = fresh()
    const journal = open()
    const record = { kind: 'opened' as const, open: { ...openAction(1), vm: vmId('before') } }
    journal.append(record)
    record.open.vm = vmId('after')
    journal.close()
    const again = open()
    assert.equal(again.restored.open[0]?.vm, 'before')
    assert.equal(again.restored.open[0]?.action, action(1))
    again.close()
  })
})

forEachKind('VMs that are to start with this host', (fresh) => {
  // A VM that has come is to start with this host: what is not done yet is on record, once for each VM.
  test('an autostart that is owed is there until it is set; a VM that has come again has the newest', () => {
    const open = fresh()
    const first = open()
    for (const [n, name] of [
      [1, 'web'],
      [2, 'db'],
      [3, 'web'],
    ] as const)
      first.append({ kind: 'autostart-owed', action: action(n), vm: vmId(name) })
    first.close()
    const second = open()
    assert.deepEqual(second.restored.autostarts, [
      { action: action(2), vm: vmId('db') },
      { action: action(3), vm: vmId('web') },
    ])
    second.append({ kind: 'autostart-set', vm: vmId('db') })
    second.append({ kind: 'autostart-set', vm: vmId('never-heard-of') })
    second.close()
    const third = open()
    assert.deepEqual(third.restored.autostarts, [{ action: action(3), vm: vmId('web') }])
    third.close()
  })
})

forEachKind('which start a host is, and which the others are', (fresh) => {
  // An agent dies while it still waits for leases of a lost journal to end: its young journal is not the whole truth,
  // so it has to wait again.
  for (const makesItIntact of [{ kind: 'epoch', epoch: 1 }, { kind: 'settled' }] as const)
    test(`without ${makesItIntact.kind} a journal is not intact at the second start either`, () => {
      const open = fresh()
      const first = open()
      first.append(opened(1))
      first.close()
      const second = open()
      assert.equal(second.restored.journalIntact, false)
      assert.deepEqual(second.restored.open, [openAction(1)])
      second.append(makesItIntact)
      second.close()
      const third = open()
      assert.equal(third.restored.journalIntact, true)
      third.close()
    })

  test('each other host is kept by the last number, in the order in which they were heard of', () => {
    const open = fresh()
    const first = open()
    const [a, b] = [asHostId('a'), asHostId('b')]
    first.append({ kind: 'met', host: a, incarnation: 3 })
    first.append({ kind: 'met', host: b, incarnation: 2 })
    first.append({ kind: 'met', host: a, incarnation: 9 })
    first.close()
    const second = open()
    assert.deepEqual(second.restored.met, [
      { host: b, incarnation: 2 },
      { host: a, incarnation: 9 },
    ])
    second.close()
  })

  // Others knew it by a later start than its journal did.
  test('no start goes back behind one that the host went on as', () => {
    const open = fresh()
    const first = open()
    first.append({ kind: 'renumbered', incarnation: first.incarnation + 1_000 })
    first.append({ kind: 'renumbered', incarnation: first.incarnation - 1_000 })
    first.close()
    const second = open()
    assert.equal(second.incarnation, first.incarnation + 1_001)
    second.close()
  })
})

forEachKind('what was being done to a VM here', (fresh) => {
  // An agent is restarted while a VM is being suspended: the next life finds that, and later how it ended.
  test('an open suspend is there after a restart, with what its VM wants, until it is closed', () => {
    const open = fresh()
    const { action: id, partition: of, epoch, vm, name, demand } = openAction(1)
    const suspend = {
      kind: 'suspend',
      action: id,
      partition: of,
      epoch,
      vm,
      name,
      demand,
      labels: ['x'],
    } as const
    const first = open()
    first.append({ kind: 'opened', open: suspend })
    first.close()
    const second = open()
    assert.deepEqual(second.restored.open, [suspend])
    second.append(closed(1, 'lifecycle'))
    second.close()
    const third = open()
    assert.deepEqual([third.restored.open, third.restored.closed], [[], [closedAction(1, 'lifecycle')]])
    third.close()
  })
})

forEachKind('what runs out or makes room', (fresh) => {
  // A peer missed how a migration ended and asks the restarted agent: the last ends are known, each end by itself, and
  // old ones make room.
  test('how the last actions ended is kept, oldest first and bounded', () => {
    const open = fresh()
    const first = open()
    const count = limits.closedActionsMax + 5
    for (let n = 1; n <= count; n += 1) first.append(closed(n))
    first.append(closed(count, 'arrival'))
    first.append(closed(count - 1))
    first.close()
    const second = open()
    const ends = second.restored.closed
    assert.equal(ends.length, limits.closedActionsMax)
    assert.deepEqual(ends.slice(-3), [
      closedAction(count),
      closedAction(count, 'arrival'),
      closedAction(count - 1),
    ])
    assert.equal(new Set(ends.map(({ action, end }) => `${end} ${action}`)).size, ends.length)
    assert.ok(!ends.some(({ vm }) => vm === 'vm-1'))
    second.close()
  })

  // Others drop what comes from an older incarnation: it has to grow at every start, also when the clock stands still.
  test('the incarnation grows with every start', () => {
    const open = fresh()
    const seen: number[] = []
    for (const step of [0, 0, 5_000, -3_600_000]) {
      wallMs += step
      const journal = open()
      seen.push(journal.incarnation)
      journal.close()
    }
    wallMs += 3_595_000
    assert.deepEqual(
      seen,
      [...new Set(seen)].sort((a, b) => a - b),
    )
  })

  // A migration runs on while the agent is down, and has no more time for that; a clock that is set back makes it new.
  test('a departure is as old as the wall clock says, over any number of starts', () => {
    const open = fresh()
    const agesAt = (laterMs: number): readonly (number | undefined)[] => {
      wallMs += laterMs
      const journal = open()
      journal.close()
      return journal.restored.open.map((one) => ('ageMs' in one ? one.ageMs : undefined))
    }
    const first = open()
    first.append(opened(1))
    first.close()
    assert.deepEqual(agesAt(0), [undefined])
    assert.deepEqual(agesAt(40_000), [40_000])
    assert.deepEqual(agesAt(60_000), [100_000])
    assert.deepEqual(agesAt(-86_400_000), [undefined])
    wallMs += 86_300_000
  })

  // A VM arrived and rests for half an hour; the agent is down for ten minutes, the next time the clock is set back.
  test('a cool-down goes on while the agent is down, and never grows', () => {
    const open = fresh()
    const first = open()
    first.append({ kind: 'cooldown', vm: vmId('v'), from: host('b'), remainingMs: 1_800_000 })
    first.append({ kind: 'cooldown', vm: vmId('short'), from: host('b'), remainingMs: 1_000 })
    first.close()
    wallMs += 600_000
    const second = open()
    assert.deepEqual(second.restored.cooldowns, [{ vm: vmId('v'), from: host('b'), remainingMs: 1_200_000 }])
    second.close()
    wallMs -= 86_400_000
    const third = open()
    assert.deepEqual(
      third.restored.cooldowns.map((rest) => rest.remainingMs),
      [1_000, 1_800_000],
    )
    third.append({ kind: 'cooldown', vm: vmId('v'), from: host('b'), remainingMs: 0 })
    third.append({ kind: 'cooldown', vm: vmId('short'), from: host('b'), remainingMs: 0 })
    third.close()
    wallMs += 86_400_000
    const fourth = open()
    assert.deepEqual(fourth.restored.cooldowns, [])
    fourth.close()
  })
})

forEachKind('what an agent and its operator may do', (fresh) => {
  // An operator starts a second agent on the host while the first one runs.
  test('a second agent is refused until the first has gone', () => {
    const open = fresh()
    const first = open()
    assert.throws(
      () => open(),
      (error) => error instanceof JournalError && error.code === 'journal.locked',
    )
    first.append(opened(1))
    first.close()
    first.close()
    assert.throws(() => first.append(opened(2)), JournalError)
    assert.equal(first.probe(), false)
    const second = open()
    assert.deepEqual(second.restored.open, [openAction(1)])
    second.close()
  })

  // An operator asks what happened to a VM, by its name or id, and since when.
  test('history answers newest first, by VM, time and number; a changed decision stays where it began', () => {
    const open = fresh()
    const journal = open()
    const began = wallMs
    for (const n of [1, 2, 3]) {
      journal.remember(decision(n, { result: 'running' }))
      wallMs += 1_000
    }
    journal.remember(decision(1))
    const ids = (query: Parameters<Journal['history']>[0]) =>
      journal.history(query).map((one) => one.decision.id)
    assert.deepEqual(ids({}), [decision(3).id, decision(2).id, decision(1).id])
    assert.deepEqual(ids({ limit: 1 }), [decision(3).id])
    assert.deepEqual(ids({ vm: 'vm-2' }), [decision(2).id])
    assert.deepEqual(ids({ vm: 'web1' }), [decision(1).id])
    assert.deepEqual(ids({ vm: 'still', limit: 2 }), [decision(3).id, decision(2).id])
    assert.deepEqual(ids({ vm: 'nobody' }), [])
    assert.deepEqual(ids({ sinceMs: began + 1_000 }), [decision(3).id, decision(2).id])
    assert.deepEqual(journal.history({ vm: 'web1' }), [{ atWallMs: began, decision: decision(1) }])
    journal.close()
    const again = open()
    assert.equal(again.history({}).length, 3)
    again.close()
  })
})
