/** The hosts that are asked first are those to which the problem then lets a VM go. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Candidate } from '../data/candidate.ts'
import { policyOf } from '../data/config.ts'
import { forecastSummaryOf } from '../data/forecast-summary.ts'
import { asHostId, asVmId } from '../data/ids.ts'
import type { Need } from '../data/need.ts'
import type { HostSnapshot } from '../data/snapshot.ts'
import { createOwnForecast, type OwnForecast } from '../detect/own-forecast.ts'
import { exampleView } from '../outcome/example.ts'
import { formulate } from '../snapshot/formulate.ts'
import { createHost, rest } from '../snapshot/host.ts'
import { observe } from '../snapshot/observe.ts'
import { takeSnapshot } from '../snapshot/take.ts'
import { rankDestinations } from './rank-destinations.ts'

const [self, home, other] = [asHostId('a'), asHostId('b'), asHostId('c')]
const v = asVmId('v')
const policy = policyOf('balanced')
const amount = (cpuMilli: number, memoryMiB: number) => ({ cpuMilli, memoryMiB })

const {
  description,
  members: [, neighbour],
} = exampleView
assert.ok(description !== null && neighbour !== undefined)

/** One VM, watched for two minutes, that wants more than the host may give. */
const overloaded = () => {
  const host = createHost([], false)
  host.connected = true
  host.description = {
    ...description,
    capacity: amount(4_000, 20_480),
    reserve: amount(0, 0),
  }
  const ownForecast = createOwnForecast(host, policy)
  let ahead: OwnForecast | null = null
  for (let s = 0; s <= 120; s++) {
    const cpuMilli = s % 20 < 10 ? 4_300 : 4_200
    const running = { state: 'running', pausedBy: null, incarnation: '1', vcpus: 8 } as const
    const seen = { vm: v, name: 'v', ...running, cpuMilli, memoryMiB: 1_024, dirtyMiBps: 5 }
    observe(host, s * 1_000, [{ ...seen, fixed: null, diskLocked: false, autostart: false }], new Set())
    ahead = ownForecast()
  }
  assert.ok(ahead !== null)
  return { host, ahead, now: 120_000 }
}

const around: readonly Candidate[] = [home, other].map((host) => ({
  state: 'alive',
  stale: false,
  summary: {
    ...neighbour.summary,
    host,
    capacity: amount(8_000, 20_480),
    reserve: amount(0, 0),
    demand: amount(100, 100),
    forecast: forecastSummaryOf({ nowMilli: 100, meanMilli: 100, away: 0, variance: 1, turnoverS: 60 }),
    migrationUri: description.migrationUri,
  },
}))

const need: Need = {
  kind: 'overload',
  dimension: 'cpuMilli',
  reason: 'overload.cpu',
  since: 0,
  severity: 50,
  wanted: amount(400, 0),
  text: '',
}

test('the host that a resting VM came from is not asked for it, as the problem would not let the VM go back', () => {
  const { host, ahead, now } = overloaded()
  const ranked = () => rankDestinations(host, ahead, around, policy, now, true)
  assert.deepEqual(ranked(), [home, other], 'the nearer of equals first')

  rest(host, v, now + 60_000, home)
  assert.deepEqual(ranked(), [other])
  const taken = takeSnapshot(host, self, now, amount(0, 0), { overloaded: true, foresees: true })
  assert.ok(taken !== null)
  const empty: HostSnapshot = { ...taken, host: home, vms: [], overloaded: false }
  const { rules } = formulate([taken, empty], self, need, policy, 'clear')
  assert.deepEqual(
    rules.map((rule) => rule.kind === 'ban' && [rule.code, rule.vms, rule.hosts]),
    [['vm.cooldown', [v], [home]]],
  )

  host.draining = true
  assert.deepEqual(ranked(), [home, other], 'a drained host is to be empty: nothing rests')
})
