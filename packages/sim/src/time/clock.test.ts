// Time stands still until the test lets it pass; then everything happens in its order.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { manualClock, realClock } from './clock.ts'

test('timers run in order of time, then of asking, and see their own time', async () => {
  const clock = manualClock()
  const seen: string[] = []
  clock.after(20, () => seen.push(`late ${clock.now()}`))
  clock.after(10, () => {
    seen.push(`first ${clock.now()}`)
    clock.after(5, () => seen.push(`chained ${clock.now()}`))
  })
  clock.after(10, () => seen.push(`second ${clock.now()}`))
  const cancel = clock.after(12, () => seen.push('never'))
  cancel()
  await clock.advance(20)
  assert.deepEqual(seen, ['first 10', 'second 10', 'chained 15', 'late 20'])
  assert.equal(clock.pending, 0)
})

test('promises settle between two timers, so that code that waits acts at the right time', async () => {
  const clock = manualClock()
  const wait = (ms: number): Promise<void> => new Promise((resolve) => void clock.after(ms, resolve))
  const seen: number[] = []
  const worker = (async () => {
    for (let i = 0; i < 3; i++) {
      await wait(10)
      seen.push(clock.now())
    }
  })()
  await clock.advance(100)
  await worker
  assert.deepEqual(seen, [10, 20, 30])
})

test('real time can be hurried, and stops when told', async () => {
  const clock = realClock({ speed: 100 })
  const at = await new Promise<number>((resolve) => void clock.after(300, () => resolve(clock.now())))
  assert.ok(at >= 200, `${at}`) // Node's timers may fire up to 1 ms early
  let called = false
  clock.after(100, () => {
    called = true
  })
  clock.stop()
  await new Promise((resolve) => setTimeout(resolve, 10))
  assert.equal(called, false)
})
