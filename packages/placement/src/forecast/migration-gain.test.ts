/**
 * A host at 690 of 700 with ten volatile VMs is the next overload. Who should take which VM? The one that will not be
 * next itself; the nearer of equals; nobody when nothing would be saved.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { heardOutlook, sayOutlook } from '../../../protocol/src/data/forecast-summary.ts'
import type { Prospect } from '../problem/demand-forecast.ts'
import { asHostId } from '../problem/ids.ts'
import { nothing } from '../problem/resources.ts'
import { outlookOf, prospectsOf } from './host-forecast.ts'
import { bestTakers, burdenMs, footingOf, type Leaver, sparedMs, type Taker } from './migration-gain.ts'

const habit = { watchedS: 1_800, meanMilli: 600, deviationMilli: 200, turnoverS: 300 }
const prospects = (demands: readonly number[]) =>
  prospectsOf(demands.map((nowMilli) => ({ nowMilli, habit })))
const footing = (demands: readonly number[]) => footingOf(outlookOf(prospects(demands)), 7_000)
const ten = (nowMilli: number) => Array.from({ length: 10 }, () => nowMilli)

const leavers = (demands: readonly number[]): readonly Leaver[] =>
  prospects(demands).each.map((prospect) => ({
    prospect,
    demand: { cpuMilli: prospect.nowMilli, memoryMiB: 1_024 },
    movingMs: 10_000,
  }))
const taker = (name: string, demands: readonly number[]): Taker => {
  const used = demands.reduce((total, one) => total + one, 0)
  return {
    host: asHostId(name),
    footing: footing(demands),
    room: { cpuMilli: Math.max(0, 7_000 - used), memoryMiB: 20_000 },
  }
}

test('the best host is the one that will not be the next: fewer VMs, less demand', () => {
  const full = ten(690)
  const takers = [taker('tight', ten(630)), taker('calm', ten(600).slice(0, 8)), taker('busy', ten(600))]
  const best = bestTakers(footing(full), leavers(full), takers, 1_000, nothing)
  assert.equal(best[0], 'calm')
  assert.ok(!best.includes(asHostId('tight')) || best.indexOf(asHostId('tight')) > 0)
})

test('of equals the nearer is taken', () => {
  const full = ten(690)
  const takers = ['near', 'far'].map((name) => taker(name, ten(500)))
  assert.deepEqual(bestTakers(footing(full), leavers(full), takers, 1_000, nothing), ['near', 'far'])
})

test('nothing moves for nothing: where the gain is below what a migration must save, nobody is named', () => {
  const idle = ten(300)
  assert.deepEqual(bestTakers(footing(idle), leavers(idle), [taker('calm', ten(100))], 6_000, nothing), [])
  const full = ten(690)
  assert.deepEqual(bestTakers(footing(full), leavers(full), [taker('calm', ten(100))], 1e9, nothing), [])
})

test('in need only VMs that cure count, and only hosts with room for one of them', () => {
  const over = [...ten(650), 900]
  const excess = { cpuMilli: 400, memoryMiB: 0 }
  const takers = [taker('room for none', [...ten(660)]), taker('room', ten(500))]
  assert.deepEqual(bestTakers(footing(over), leavers(over), takers, 6_000, excess), ['room'])
})

test('what is spared and what it burdens are worth nothing on hosts that are far from full', () => {
  const vm: Prospect = { nowMilli: 600, meanMilli: 600, variance: 40_000 }
  assert.ok(Math.abs(sparedMs(footing(ten(200).slice(0, 3)), vm)) < 1)
  assert.ok(burdenMs(footing(ten(200).slice(0, 3)), vm) < 1)
  assert.ok(burdenMs(footing(ten(640)), vm) > sparedMs(footing(ten(400)), vm))
})

test('an outlook that was said and heard foresees the same, but for rounding', () => {
  const outlook = outlookOf(prospects([...ten(640), 900]))
  const heard = heardOutlook(sayOutlook(outlook), outlook.nowMilli)
  const [a, b] = [footingOf(outlook, 7_000).foreseenMs, footingOf(heard, 7_000).foreseenMs]
  assert.ok(Math.abs(a - b) < a / 50, `${a} ${b}`)
})
