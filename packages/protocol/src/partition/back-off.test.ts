// How long a leader pauses, and what it hears meanwhile.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { limits } from '../data/config.ts'
import type { Decision } from '../data/decision.ts'
import { asHostId } from '../data/ids.ts'
import { createStepContext } from '../step-context.ts'
import { peerInit } from '../testing/peer-init.ts'
import { createBackOff } from './back-off.ts'

const paused = (overloadHoldMs = 60_000) => {
  const { seed, policy, host } = peerInit(asHostId('a'))
  const context = createStepContext(host, 1, seed, { ...policy, overloadHoldMs })
  context.setTime(1_000_000)
  const backOff = createBackOff(context)
  const pauseMs = (): number => backOff.until - context.now()
  return { backOff, pauseMs }
}
const inVain = { result: 'nothing', code: 'partition.exhausted' } as Decision

test('a pause in which nothing was possible ends soon after news', () => {
  const { backOff, pauseMs } = paused()
  backOff.begun()
  backOff.concluded(inVain)
  assert.ok(pauseMs() >= limits.idleBackOffMsMin / 2)
  backOff.news()
  assert.equal(pauseMs(), limits.backOffMsMin)
})

test('what is heard while a partition is under way shortens the pause after it, and no later one', () => {
  const { backOff, pauseMs } = paused()
  backOff.news()
  backOff.begun()
  backOff.concluded(inVain)
  assert.ok(pauseMs() >= limits.idleBackOffMsMin / 2, 'this partition knew it')
  backOff.begun()
  backOff.news()
  backOff.concluded(inVain)
  assert.equal(pauseMs(), limits.backOffMsMin)
  backOff.begun()
  backOff.concluded(inVain)
  assert.ok(pauseMs() >= limits.idleBackOffMsMin)
})

test('where nothing is possible for long, the pause grows no longer than fits the hold time', () => {
  const longestMs = (overloadHoldMs: number): number => {
    const { backOff, pauseMs } = paused(overloadHoldMs)
    const pauses = Array.from({ length: 60 }, () => {
      backOff.begun()
      backOff.concluded(inVain)
      return pauseMs()
    })
    return Math.max(...pauses.slice(-40))
  }
  // With jitter of one half: the longest of forty is not far below the bound.
  for (const [holdMs, boundMs] of [
    [0, 25_000],
    [2_000, 35_000],
    [10_000, 75_000],
    [60_000, limits.idleBackOffMsMax],
    [120_000, limits.idleBackOffMsMax],
  ] as const) {
    const ms = longestMs(holdMs)
    assert.ok(ms < boundMs && ms > 0.8 * boundMs, `${holdMs} ms held: ${ms} ms`)
  }
})
