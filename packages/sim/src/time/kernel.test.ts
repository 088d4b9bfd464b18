// Time in which nothing is left to chance: what was asked for first comes first, and what was cancelled never comes.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { createKernel } from './kernel.ts'

test('events happen by time, those of one instant in the order of asking, and see their own time', () => {
  const kernel = createKernel()
  const seen: [string, number][] = []
  const say = (what: string) => (): void => void seen.push([what, kernel.now()])
  kernel.after(20, say('late'))
  kernel.after(10, () => {
    say('first')()
    kernel.after(0, say('chained'))
    kernel.after(-5, say('past is now'))
  })
  kernel.after(10, say('second'))
  kernel.run(15)
  assert.deepEqual(seen, [
    ['first', 10],
    ['second', 10],
    ['chained', 10],
    ['past is now', 10],
  ])
  assert.deepEqual([kernel.now(), kernel.pending, kernel.events], [15, 1, 4])
  assert.equal(kernel.step(19), false)
  assert.equal(kernel.now(), 15)
  kernel.pass(12) // time never goes back
  assert.equal(kernel.now(), 15)
  kernel.pass(30) // nor does an event that is late come before its time
  assert.equal(kernel.step(30), true)
  assert.deepEqual(seen.at(-1), ['late', 30])
})

test('a cancelled event never happens, and cancelling twice, or too late, changes nothing', () => {
  const kernel = createKernel()
  const seen: number[] = []
  const cancels = Array.from({ length: 10 }, (_, i) => kernel.after(i, () => seen.push(i)))
  for (const i of [0, 3, 9, 3]) cancels[i]!()
  assert.equal(kernel.pending, 7)
  kernel.run(100)
  cancels[5]!()
  assert.deepEqual(seen, [1, 2, 4, 5, 6, 7, 8])
  assert.deepEqual([kernel.pending, kernel.events], [0, 7])
})

test('a queue of cancelled timers is swept, and the living keep their order', () => {
  const kernel = createKernel()
  const seen: number[] = []
  for (let i = 0; i < 10_000; i++) {
    const cancel = kernel.after(20_000 - i, () => seen.push(kernel.now()))
    if (i % 100 !== 0) cancel()
  }
  assert.equal(kernel.pending, 100)
  kernel.run(20_000)
  assert.equal(seen.length, 100)
  assert.deepEqual(
    seen,
    seen.toSorted((a, b) => a - b),
  )
  assert.equal(kernel.pending, 0)
})

test('a feed comes before the timers of its instant, and is not of the queue', () => {
  const kernel = createKernel()
  const seen: string[] = []
  const times = [5, 5, 7]
  kernel.after(5, () => seen.push(`timer ${kernel.now()}`))
  kernel.feed({
    get nextMs() {
      return times[0] ?? Number.POSITIVE_INFINITY
    },
    happen() {
      times.shift()
      seen.push(`fed ${kernel.now()}`)
    },
  })
  assert.throws(() => kernel.feed({ nextMs: 0, happen() {} }), RangeError)
  assert.equal(kernel.pending, 1)
  kernel.run(6)
  assert.deepEqual(seen, ['fed 5', 'fed 5', 'timer 5'])
  kernel.run(100)
  assert.deepEqual([seen.at(-1), kernel.now(), kernel.events], ['fed 7', 100, 4])
})

test('events happen as in a sorted list, whatever is asked for and cancelled', () => {
  const order = fc.record({ ms: fc.nat(50), cancels: fc.option(fc.nat(200)), again: fc.option(fc.nat(50)) })
  fc.assert(
    fc.property(fc.array(order, { maxLength: 200 }), (orders) => {
      const kernel = createKernel()
      const list: { at: number; sequence: number; name: string; again: number | null }[] = []
      const seen: string[] = []
      const cancels: (() => void)[] = []
      let sequence = 0
      for (const [i, { ms, cancels: victim, again }] of orders.entries()) {
        const happen = (): void => {
          seen.push(`${i}@${kernel.now()}`)
          if (again !== null) kernel.after(again, () => seen.push(`${i}'@${kernel.now()}`))
        }
        cancels.push(kernel.after(ms, happen))
        list.push({ at: ms, sequence: sequence++, name: `${i}`, again })
        if (victim === null || victim >= cancels.length) continue
        cancels[victim]!()
        const gone = list.findIndex((one) => one.name === `${victim}`)
        if (gone >= 0) list.splice(gone, 1)
      }
      assert.equal(kernel.pending, list.length)
      kernel.run(1_000)
      const expected: string[] = []
      while (list.length > 0) {
        list.sort((a, b) => a.at - b.at || a.sequence - b.sequence)
        const { at, name, again } = list.shift()!
        expected.push(`${name}@${at}`)
        if (again !== null) list.push({ at: at + again, sequence: sequence++, name: `${name}'`, again: null })
      }
      assert.deepEqual(seen, expected)
    }),
  )
})

test('the next event is known, whatever was cancelled before it', () => {
  const kernel = createKernel()
  assert.equal(kernel.nextMs, Number.POSITIVE_INFINITY)
  const cancel = kernel.after(10, () => {})
  kernel.after(30, () => {})
  assert.equal(kernel.nextMs, 10)
  cancel()
  assert.equal(kernel.nextMs, 30)
  kernel.feed({ nextMs: 20, happen: () => {} })
  assert.equal(kernel.nextMs, 20)
})
