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
        order.push(`carried out ${at}`)
      })
    },
    fatal: assert.fail,
  })
  loop.feed(lost('a'))
  loop.feed(lost('c'))
  assert.deepEqual(order, ['step a', 'carried out 0', 'carried out 1', 'step b0', 'step b1', 'step c'])
})

// A core that asks itself without end would take the process with it: it is stopped instead.
test('an endless talk of the core with itself is fatal, not a hang', () => {
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
