/** The one loop: inputs one at a time in their order, ticks never too early, no endless talk. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Effect, Input } from '@drover/protocol'
import { monotonicClock } from './clock.ts'
import { createLoop } from './loop.ts'
import { until } from './testing/fakes.ts'
import { host } from './testing/fixtures.ts'

const lost = (name: string): Input => ({ kind: 'disconnected', host: host(name) })
const nameOf = (input: Input) => (input.kind === 'disconnected' ? input.host : input.kind)

// Carrying out one input's effects brings the next inputs at once: each waits until the one before is done with.
test('inputs are worked on one at a time, in the order they came', () => {
  const order: string[] = []
  const loop = createLoop({
    clock: monotonicClock,
    peer: {
      step(_now, input) {
        order.push(`step ${nameOf(input)}`)
        return nameOf(input) === 'a' ? [{ kind: 'sample' }, { kind: 'sample' }] : []
      },
    },
    carryOut(effects) {
      effects.forEach((_effect, at) => {
        loop.feed(lost(`b${at}`))
        order.push(`carried out ${at}, ${loop.waiting} waiting`)
      })
    },
    fatal: assert.fail,
  })
  loop.feed(lost('a'))
  loop.feed(lost('c'))
  assert.deepEqual(order, [
    'step a',
    'carried out 0, 1 waiting',
    'carried out 1, 2 waiting',
    'step b0',
    'step b1',
    'step c',
  ])
})

// A record could not be written: the core hears of it before what waits, which it would answer as if it were.
test('a word that comes before others is heard before all that wait', () => {
  const order: string[] = []
  const loop = createLoop({
    clock: monotonicClock,
    peer: {
      step(_now, input) {
        order.push(nameOf(input))
        return nameOf(input) === 'a' ? [{ kind: 'sample' }] : []
      },
    },
    carryOut(effects) {
      for (const _effect of effects) {
        loop.feed(lost('b'))
        loop.feedNext({ kind: 'journal', healthy: false })
      }
    },
    fatal: assert.fail,
  })
  loop.feed(lost('a'))
  assert.deepEqual(order, ['a', 'journal', 'b'])
})

// A core that asks itself without end would take the process with it: it is stopped instead.
test('a core that feeds itself without end is stopped, and does not hang the process', () => {
  const fatal: unknown[] = []
  const loop = createLoop({
    clock: monotonicClock,
    peer: { step: () => [{ kind: 'sample' }, { kind: 'sample' }] as readonly Effect[] },
    carryOut: (effects) => {
      for (const _effect of effects) loop.feed({ kind: 'tick' })
    },
    fatal: (error) => fatal.push(error),
  })
  loop.feed({ kind: 'tick' })
  assert.equal(fatal.length, 1)
  assert.match(String(fatal[0]), /inputs wait/)
  assert.equal(loop.ended, true)
})

// Node's timers may fire a little early, and the clock is in whole milliseconds: a tick never comes before its time.
test('a tick comes at its time, not before', async () => {
  let at = 0
  const early: number[] = []
  let ticks = 0
  const loop = createLoop({
    clock: monotonicClock,
    peer: {
      step(now, input) {
        if (input.kind === 'tick') {
          ticks += 1
          if (now < at) early.push(at - now)
        }
        if (ticks >= 20) return []
        at = now + 1 + (ticks % 3)
        return [{ kind: 'wake', at }]
      },
    },
    carryOut() {},
    fatal: assert.fail,
  })
  loop.feed(lost('a'))
  await until('twenty ticks have come', () => ticks === 20)
  assert.deepEqual(early, [])
  loop.end()
})

// Every message of a busy minute puts the next wake off a little: one timer serves them all, and fires at the last wish.
test('a wake that is put off sets no timer of its own; one that comes sooner does', () => {
  let now = 0
  const timers: { readonly at: number; readonly fn: () => void; cancelled: boolean }[] = []
  const wishes = [100, 150, 180, 120, 200]
  const ticks: number[] = []
  const loop = createLoop({
    clock: {
      now: () => now,
      after(ms, fn) {
        const timer = { at: now + ms, fn, cancelled: false }
        timers.push(timer)
        return () => {
          timer.cancelled = true
        }
      },
    },
    peer: {
      step(at, input) {
        if (input.kind === 'tick') ticks.push(at)
        const wish = wishes.shift()
        return wish === undefined ? [] : [{ kind: 'wake', at: wish }]
      },
    },
    carryOut() {},
    fatal: assert.fail,
  })
  const fire = (at: number): void => {
    now = at
    for (const timer of timers.filter((one) => one.at === at && !one.cancelled)) timer.fn()
  }
  for (let i = 0; i < 3; i++) loop.feed(lost('a'))
  assert.deepEqual(
    timers.map(({ at }) => at),
    [100],
  )
  fire(100)
  assert.deepEqual(ticks, [], 'too early: it waits for the rest')
  loop.feed(lost('a'))
  assert.deepEqual(
    timers.slice(1).map(({ at, cancelled }) => `${at} ${cancelled}`),
    ['180 true', '120 false'],
  )
  fire(120)
  assert.deepEqual(ticks, [120])
  loop.end()
})
