/**
 * A host at 690 of 700 with ten volatile VMs is the next overload. Which host should take which VM? The host that will
 * not be overloaded next itself; of equals the nearer one; none when nothing would be saved.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { VmForecast } from '../problem/demand-forecast.ts'
import { asHostId } from '../problem/ids.ts'
import { nothing } from '../problem/resources.ts'
import { hostForecastOf, vmForecastsOf } from './host-forecast.ts'
import {
  bestDestinations,
  type CandidateDestination,
  type CandidateVm,
  destinationCostMs,
  hostOutlookOf,
  sourceGainMs,
} from './migration-gain.ts'

const stats = { watchedS: 1_800, meanMilli: 600, deviationMilli: 200, turnoverS: 300 }
const forecasts = (demands: readonly number[]) =>
  vmForecastsOf(demands.map((nowMilli) => ({ nowMilli, stats })))
const outlook = (demands: readonly number[]) => hostOutlookOf(hostForecastOf(forecasts(demands)), 7_000)
const ten = (nowMilli: number) => Array.from({ length: 10 }, () => nowMilli)

const candidates = (demands: readonly number[]): readonly CandidateVm[] =>
  forecasts(demands).each.map((forecast) => ({
    forecast,
    demand: { cpuMilli: forecast.nowMilli, memoryMiB: 1_024 },
    movingMs: 10_000,
    notTo: null,
  }))
const destination = (name: string, demands: readonly number[]): CandidateDestination => {
  const used = demands.reduce((total, one) => total + one, 0)
  return {
    host: asHostId(name),
    outlook: outlook(demands),
    room: { cpuMilli: Math.max(0, 7_000 - used), memoryMiB: 20_000 },
  }
}

test('the best host is the one that will not be overloaded next: fewer VMs, less demand', () => {
  const full = ten(690)
  const destinations = [
    destination('tight', ten(630)),
    destination('calm', ten(600).slice(0, 8)),
    destination('busy', ten(600)),
  ]
  const best = bestDestinations(outlook(full), candidates(full), destinations, 1_000, nothing)
  assert.equal(best[0], 'calm')
  assert.ok(!best.includes(asHostId('tight')) || best.indexOf(asHostId('tight')) > 0)
})

test('of equals the nearer is taken', () => {
  const full = ten(690)
  const destinations = ['near', 'far'].map((name) => destination(name, ten(500)))
  assert.deepEqual(bestDestinations(outlook(full), candidates(full), destinations, 1_000, nothing), [
    'near',
    'far',
  ])
})

test('a host is not named for VMs that must not go there', () => {
  const full = ten(690)
  const destinations = [destination('calm', ten(500).slice(0, 8)), destination('busy', ten(600))]
  const resting = candidates(full).map((one) => ({ ...one, notTo: asHostId('calm') }))
  const named = (all: readonly CandidateVm[]) =>
    bestDestinations(outlook(full), all, destinations, 1_000, nothing)
  assert.deepEqual(named(candidates(full)), ['calm', 'busy'])
  assert.deepEqual(named(resting), ['busy'])
  assert.deepEqual(
    named([...resting.slice(1), ...candidates(full).slice(0, 1)]),
    ['calm', 'busy'],
    'one may go',
  )
})

test('where the gain is below what a migration must save, no host is named', () => {
  const idle = ten(300)
  assert.deepEqual(
    bestDestinations(outlook(idle), candidates(idle), [destination('calm', ten(100))], 6_000, nothing),
    [],
  )
  const full = ten(690)
  assert.deepEqual(
    bestDestinations(outlook(full), candidates(full), [destination('calm', ten(100))], 1e9, nothing),
    [],
  )
})

test('in an overload only VMs whose move cures it count, and only hosts with room for one of them', () => {
  const over = [...ten(650), 900]
  const excess = { cpuMilli: 400, memoryMiB: 0 }
  const destinations = [destination('room for none', [...ten(660)]), destination('room', ten(500))]
  assert.deepEqual(bestDestinations(outlook(over), candidates(over), destinations, 6_000, excess), ['room'])
})

test('on hosts that are far from full a move gains nothing and costs nothing', () => {
  const vm: VmForecast = { nowMilli: 600, meanMilli: 600, variance: 40_000 }
  assert.ok(Math.abs(sourceGainMs(outlook(ten(200).slice(0, 3)), vm)) < 1)
  assert.ok(destinationCostMs(outlook(ten(200).slice(0, 3)), vm) < 1)
  assert.ok(destinationCostMs(outlook(ten(640)), vm) > sourceGainMs(outlook(ten(400)), vm))
})
