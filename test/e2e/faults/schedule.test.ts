/** What a seed draws: the same faults at the same times, every kind in some seed, and damage that damages. */
import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { randomOf } from '../../../packages/sim/src/random.ts'
import { damages } from './journal.ts'
import { drawSchedule, kinds } from './schedule.ts'

const wordsOf = (seed: number, hosts = 5, only: readonly string[] | null = null) =>
  drawSchedule({ seed, hosts, forMs: 300_000, only }).map(
    ({ atMs, fault }) => `${Math.round(atMs)} ${fault.words}`,
  )

test('the same seed strikes with the same faults at the same times; another one does not', () => {
  assert.deepEqual(wordsOf(7), wordsOf(7))
  assert.notDeepEqual(wordsOf(7), wordsOf(8))
  const times = drawSchedule({ seed: 7, hosts: 5, forMs: 300_000, only: null }).map(({ atMs }) => atMs)
  assert.ok(times.length > 50)
  assert.deepEqual(
    times,
    times.toSorted((one, other) => one - other),
  )
  assert.ok(times.every((atMs) => atMs > 0 && atMs < 300_000))
})

test('a longer run begins with the faults of a shorter one', () => {
  const short = wordsOf(3)
  const long = drawSchedule({ seed: 3, hosts: 5, forMs: 600_000, only: null })
  assert.deepEqual(
    long.slice(0, short.length).map(({ atMs, fault }) => `${Math.round(atMs)} ${fault.words}`),
    short,
  )
})

test('every kind of fault is in some seed, and no seed has to have all', () => {
  const seen = new Map<string, Set<string>>()
  let withAll = 0
  for (let seed = 1; seed <= 20; seed++) {
    const drawn = drawSchedule({ seed, hosts: 9, forMs: 300_000, only: null })
    for (const { kind, fault } of drawn) seen.set(kind, (seen.get(kind) ?? new Set()).add(fault.what))
    if (new Set(drawn.map(({ kind }) => kind)).size === kinds.length) withAll += 1
  }
  assert.deepEqual([...seen.keys()].sort(), kinds.map(({ name }) => name).sort())
  assert.ok(withAll < 20)
  const whats = [...seen.values()].flatMap((set) => [...set])
  for (const what of [
    'all data but the identity gone',
    'migration: hang, deaf',
    'migration: migrate read late',
    'migration: daemon dies at the source',
    'disk full',
  ])
    assert.ok(whats.includes(what), what)
})

test('no fault names a host that is not there', () => {
  for (let seed = 1; seed <= 20; seed++)
    for (const words of wordsOf(seed, 3))
      for (const [, host] of words.matchAll(/\bh(\d+)/g))
        assert.ok(Number(host) >= 1 && Number(host) <= 3, words)
})

test('with --only there is nothing else but load', () => {
  const drawn = drawSchedule({ seed: 1, hosts: 5, forMs: 300_000, only: ['disk', 'kill'] })
  assert.deepEqual([...new Set(drawn.map(({ kind }) => kind))].sort(), ['disk', 'kill', 'load'])
})

test('each damage of a journal changes it, and says when there is none', (context) => {
  const directory = mkdtempSync(join(tmpdir(), 'drover-damage-'))
  context.after(() => rmSync(directory, { recursive: true }))
  const paths = ['journal.db', 'journal.db-wal'].map((name) => join(directory, name))
  const read = (): string =>
    paths
      .map((path) => {
        try {
          return readFileSync(path).toString('hex')
        } catch {
          return 'none'
        }
      })
      .join(' ')
  for (const { what, apply } of damages) {
    for (const path of paths) rmSync(path, { force: true })
    assert.equal(apply(directory, randomOf(1, what)), false, what)
    for (const path of paths) writeFileSync(path, Buffer.alloc(8_192, 7))
    const before = read()
    assert.equal(apply(directory, randomOf(1, what)), true, what)
    assert.notEqual(read(), before, what)
  }
})
