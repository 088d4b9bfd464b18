// An agent's process stands still: by a signal, by a host that gives it no time, by a slow disk. Nothing of it happens
// meanwhile, all of it happens afterwards, in order; and nothing of it happens once it is dead.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { type ManualClock, manualClock } from '../time/clock.ts'
import { createHostClock } from '../time/host-clock.ts'
import { createProcess, type Process } from './process.ts'

interface Scene {
  readonly world: ManualClock
  readonly process: Process
  /** What happened, each with the world's time. */
  readonly log: string[]
  readonly note: (what: string) => () => void
  readonly stills: boolean[]
}

const scene = ({ timersFirst = true, ahead = 0, rate = 1 } = {}): Scene => {
  const world = manualClock()
  const log: string[] = []
  const stills: boolean[] = []
  const process = createProcess({
    world,
    shows: createHostClock(ahead, rate),
    timersFirst: () => timersFirst,
    onStill: (still) => void stills.push(still),
  })
  const note = (what: string) => () => void log.push(`${Math.round(world.now())} ${what}`)
  return { world, process, log, note, stills }
}

describe('a process that is stopped', () => {
  for (const timersFirst of [true, false])
    test(`has what it missed when it goes on, timers ${timersFirst ? 'first' : 'last'}`, async () => {
      const { world, process, log, note, stills } = scene({ timersFirst })
      process.clock.after(30, note('timer 30'))
      process.clock.after(20, note('timer 20'))
      process.clock.after(500, note('timer 500'))
      await world.advance(10)
      process.stop({ ms: 100 })
      process.enter(note('message 1'))
      process.leave(note('said'))
      await world.advance(50)
      process.enter(note('message 2'))
      assert.deepEqual(log, [])
      assert.equal(process.free, false)
      await world.advance(500)
      const [timers, messages] = [
        ['110 timer 20', '110 timer 30'],
        ['110 message 1', '110 message 2'],
      ]
      const missed = timersFirst ? [...timers, ...messages] : [...messages, ...timers]
      assert.deepEqual(log, ['110 said', ...missed, '500 timer 500'])
      assert.deepEqual(stills, [true, false])
      process.enter(note('at once'))
      assert.equal(log.at(-1), '560 at once')
    })

  // What it does first may make the rest void: its core has cancelled a timer that fell due meanwhile.
  test('runs no timer that it cancels before its turn', async () => {
    const { world, process, log, note } = scene()
    const cancel = process.clock.after(20, note('never'))
    process.clock.after(10, cancel)
    process.stop({ ms: 50 })
    await world.advance(100)
    assert.deepEqual(log, [])
  })

  test('is stopped until the later of two ends, or until it is told to go on', async () => {
    const { world, process, log, note } = scene()
    process.stop({ ms: 50 })
    process.stop({ ms: 80 })
    process.enter(note('late'))
    await world.advance(70)
    assert.deepEqual(log, [])
    await world.advance(20)
    assert.deepEqual(log, ['80 late'])
    process.stop()
    process.enter(note('told'))
    await world.advance(1_000)
    process.goOn()
    await world.advance(0)
    assert.deepEqual(log, ['80 late', '1090 told'])
  })

  // What arrives while the backlog is worked on has to wait behind it; promises settle between any two.
  test('works on one thing after another, with the promises of each', async () => {
    const { world, process, log, note } = scene()
    process.stop({ ms: 10 })
    process.enter(() => {
      note('first')()
      process.enter(note('behind'))
      void Promise.resolve().then(note('promise of the first'))
    })
    process.enter(note('second'))
    await world.advance(20)
    assert.deepEqual(log, ['10 first', '10 promise of the first', '10 second', '10 behind'])
  })
})

describe('a process that waits in the middle of a step', () => {
  test('does the rest of the step later, and hears nothing until then', async () => {
    const { world, process, log, note } = scene()
    await world.advance(5)
    process.enter(() => {
      process.leave(note('before'))
      assert.equal(process.stall(100), 5)
      process.leave(note('behind one write'))
      assert.equal(process.stall(100), 105)
      process.leave(note('behind two'))
      // Its own clock has seen both waits: what is set now counts from their end.
      assert.equal(process.clock.now(), 205)
      process.clock.after(10, note('timer'))
    })
    assert.equal(process.inStep, true)
    process.enter(note('message'))
    await world.advance(300)
    assert.deepEqual(log, ['5 before', '105 behind one write', '205 behind two', '205 message', '215 timer'])
    assert.equal(process.inStep, false)
    assert.equal(process.free, true)
  })

  test('waits longer when it is stopped meanwhile', async () => {
    const { world, process, log, note } = scene()
    process.stall(100)
    process.leave(note('said'))
    await world.advance(40)
    process.stop({ ms: 1_000 })
    await world.advance(1_059)
    assert.deepEqual(log, [])
    await world.advance(1)
    assert.deepEqual(log, ['1100 said'])
    assert.equal(process.ranMs, 100)
  })
})

test('a process that is hurried does at once what it waited to do', async () => {
  const { world, process, log, note } = scene()
  process.stall(1_000)
  process.leave(note('said'))
  process.enter(note('message'))
  await world.advance(10)
  process.hurry()
  process.hurry()
  await world.advance(10)
  assert.deepEqual(log, ['10 said', '10 message'])
  assert.equal(process.free, true)
})

test('the clock of a process that is hurried does not go back, and its timers keep to it', async () => {
  const { world, process, log, note } = scene()
  process.clock.after(400, note('set before'))
  process.stall(1_000)
  const read = process.clock.now()
  process.clock.after(50, note('set in the step'))
  await world.advance(10)
  process.hurry()
  assert.ok(process.clock.now() >= read, `${process.clock.now()} after ${read}`)
  await world.advance(49)
  assert.deepEqual(log, ['10 set before'])
  await world.advance(2)
  assert.deepEqual(log, ['10 set before', '60 set in the step'])
})

test('a dead process does nothing: whatever was held back, whatever it still tries', async () => {
  const { world, process, log, note } = scene()
  process.clock.after(20, note('timer'))
  process.clock.after(5, () => {
    process.stall(100)
    process.leave(note('said'))
    process.enter(note('message'))
  })
  await world.advance(10)
  process.end()
  process.enter(note('message to the dead'))
  process.leave(note('word of the dead'))
  process.clock.after(1, note('timer of the dead'))
  process.stall(5)
  process.stop({ ms: 1 })
  process.goOn()
  await world.advance(1_000)
  assert.deepEqual(log, [])
  assert.equal(world.pending, 0)
})

describe('its own clock', () => {
  test('is ahead and runs fast, and its timers with it', async () => {
    const { world, process, log, note } = scene({ ahead: 1_900_000_000_000, rate: 1.01 })
    const begun = process.clock.now()
    assert.equal(begun, 1_900_000_000_000)
    process.clock.after(1_010, () => {
      note('timer')()
      assert.ok(process.clock.now() >= begun + 1_010)
    })
    await world.advance(2_000)
    assert.deepEqual(log, ['1000 timer'])
    assert.equal(Math.round(process.clock.now() - begun), 2_020)
  })

  test('never fires a timer too early, whatever its rate and however often it is set', async () => {
    const { world, process } = scene({ ahead: 0.3, rate: 0.993 })
    let fired = 0
    const again = (): void => {
      const dueAt = process.clock.now() + 7
      process.clock.after(7, () => {
        assert.ok(process.clock.now() >= dueAt)
        fired += 1
        again()
      })
    }
    again()
    await world.advance(70_000)
    assert.ok(fired > 9_900 && fired <= 10_000, `${fired}`)
  })

  test('stands still while its host is suspended', async () => {
    const { world, process, log, note } = scene()
    process.clock.after(100, note('timer'))
    await world.advance(50)
    process.stop({ ms: 1_000, asleep: true })
    await world.advance(1_000)
    assert.equal(process.clock.now(), 50)
    assert.deepEqual(log, [])
    await world.advance(51)
    assert.deepEqual(log, ['1100 timer'])
  })
})
