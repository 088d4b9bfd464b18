/** A guest counts on its console. Its log alone tells whether it stopped, was started again or ran twice. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { judgeGuestLog, kernelDied, linesAround, logLines, parseLine } from './guest-log.ts'

const boot = 'READY vm1 218\r\n'
const ticks = (from: number, to: number, startCs = 219) =>
  Array.from({ length: to - from + 1 }, (_, i) => `TICK ${from + i} ${startCs + (from + i) * 10}\r\n`).join(
    '',
  )

const kinds = (text: string, bootsMax = 1) => judgeGuestLog(text, { bootsMax }).violations.map((v) => v.kind)

test('a guest that ran on, undisturbed: no violation', () => {
  const verdict = judgeGuestLog(`${boot}${ticks(0, 20)}OK load 50\r\n${ticks(21, 30)}`)
  assert.deepEqual(verdict, {
    boots: 1,
    ticks: 31,
    lastN: 30,
    guestGapMsMax: 100,
    wallGapMsMax: null,
    violations: [],
  })
})

test('the line that is being written now is not judged', () => {
  assert.deepEqual(kinds(`${boot}${ticks(0, 3)}TICK 4`), [])
  assert.deepEqual(kinds(''), [])
})

test('two copies run at once: their numbers repeat', () => {
  const both = Array.from({ length: 3 }, (_, i) => ticks(5 + i, 5 + i).repeat(2)).join('')
  assert.deepEqual(kinds(boot + ticks(0, 4) + both), ['repeat', 'repeat', 'repeat'])
})

test('two copies run at once and write into the same line', () => {
  for (const mixed of ['TICK 5 TICK 5 269', 'TTIICCKK  55', 'TICK 5 2', 'CK 5 269', '69']) {
    const found = kinds(`${boot}${ticks(0, 4)}${mixed}\r\n${ticks(6, 8)}`)
    if (mixed === 'TICK 5 2') assert.deepEqual(found, ['clock_back'])
    else assert.equal(found[0], 'garbled', mixed)
  }
})

test('the destination continued from an older state: counter and clock go back', () => {
  assert.deepEqual(kinds(boot + ticks(0, 9) + ticks(7, 12)), ['repeat', 'clock_back'])
})

test('a part of the run is missing', () => {
  const { violations } = judgeGuestLog(boot + ticks(0, 4) + ticks(8, 9))
  assert.deepEqual(violations, [{ kind: 'lost', line: 7, n: 8, after: 4 }])
})

test('the guest was started again', () => {
  assert.deepEqual(kinds(boot + ticks(0, 4) + boot + ticks(0, 4)), ['restart'])
  assert.deepEqual(kinds(boot + ticks(0, 4) + boot + ticks(0, 4), 2), [])
})

test('its host lost power in the middle of a line; starting it again was meant', () => {
  assert.deepEqual(kinds(`${boot}${ticks(0, 4)}TICK 5 ${boot}${ticks(0, 4)}`, 2), [])
  assert.deepEqual(kinds(`${boot}${ticks(0, 4)}TIC[    0.1] kernel speaks\r\n${boot}${ticks(0, 4)}`, 2), [])
  assert.deepEqual(kinds(`${boot}${ticks(0, 4)}TICK 5 ${boot}${ticks(0, 4)}`), ['garbled', 'restart'])
})

test('a kernel that died of damaged memory is told from one that is merely late', () => {
  const fault =
    '[  109.328302] general protection fault, probably for non-canonical address 0x1ff888000000019\r\n'
  const late = '[   65.440493] watchdog: BUG: soft lockup - CPU#0 stuck for 56s! [init:96]\r\n'
  assert.ok(kernelDied(boot + ticks(0, 4) + fault))
  assert.ok(!kernelDied(boot + ticks(0, 4) + late))
})

test('the lines around a violation are told with their numbers', () => {
  const text = boot + ticks(0, 9) + ticks(7, 12)
  const told = linesAround(text, judgeGuestLog(text), 1)
  assert.equal(told.split('\n').length, 3)
  assert.match(told, /^\d+: TICK 9 .*\n\d+: TICK 7 .*\n\d+: TICK 8 /)
})

test('a pause shows in the arrivals, not in the clock of the guest', () => {
  const arrivals = [0, 100, 205, 1905, 2000].map((atMs, n) => ({ boot: 1, n, atMs }))
  const verdict = judgeGuestLog(boot + ticks(0, 4), {
    arrivals: [...arrivals, { boot: 2, n: 0, atMs: 9000 }],
  })
  assert.equal(verdict.wallGapMsMax, 1700)
  assert.equal(verdict.guestGapMsMax, 100)
})

test('lines', () => {
  assert.deepEqual(parseLine('TICK 12 095'), { kind: 'tick', n: 12, uptimeMs: 950 })
  assert.deepEqual(parseLine('OK off'), { kind: 'ok', command: 'off', value: '' })
  assert.deepEqual(parseLine('OK load 50'), { kind: 'ok', command: 'load', value: '50' })
  assert.equal(parseLine('[    0.5] ACPI: something').kind, 'other')
  assert.deepEqual(logLines('a\r\nb\r\nc'), ['a', 'b'])
})
