/**
 * How fast does a VM rewrite its memory, and how long does it therefore move? The choice of a destination, the snapshot, the
 * solver, the order of the plan and the watch over the migration ask. Measured or not, all must reckon with the same time.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { asHostId, asVmId, migrationMs, planOrder, solve } from '@drover/placement'
import fc from 'fast-check'
import { runs } from '../../../placement/src/testing/effort.ts'
import { linkMiBpsOf, policyOf } from '../data/config.ts'
import type { Need } from '../data/need.ts'
import { candidateVmsOf, type OwnForecast } from '../detect/own-forecast.ts'
import { expected, jobOf } from '../migration/migration-job.ts'
import { exampleView } from '../outcome/example.ts'
import { formulate } from './formulate.ts'
import { createHost, type HostState, snapshotVm, vmForecastsHere } from './host.ts'
import { observe } from './observe.ts'
import { takeSnapshot } from './take.ts'

const [a, b] = [asHostId('a'), asHostId('b')]
const v = asVmId('v')
const none = { cpuMilli: 0, memoryMiB: 0 }

const situations = fc.record({
  memoryMiB: fc.integer({ min: 1, max: 16_384 }),
  /** Null: the hypervisor never measured it. */
  dirtyMiBps: fc.option(fc.nat(300), { nil: null }),
  bandwidthMiBps: fc.option(fc.integer({ min: 1, max: 2_000 }), { nil: null }),
})

const hostWith = (memoryMiB: number, dirtyMiBps: number | null): HostState => {
  const host = createHost([], false)
  host.connected = true
  host.description = {
    ...exampleView.description!,
    capacity: { cpuMilli: 8_000, memoryMiB: 32_768 },
    reserve: none,
  }
  const running = { state: 'running', pausedBy: null, incarnation: '1', cpuMilli: 500, vcpus: 1 } as const
  const sample = {
    vm: v,
    name: 'v',
    ...running,
    memoryMiB,
    dirtyMiBps,
    fixed: null,
    diskLocked: false,
    autostart: false,
  }
  // The second look at the same amounts is believed.
  for (const at of [0, 1_000]) observe(host, at, memoryMiB === 0 ? [] : [sample], new Set())
  return host
}

test('all that reckon with the migration of a VM reckon with the same time, measured or not', () => {
  fc.assert(
    fc.property(situations, ({ memoryMiB, dirtyMiBps, bandwidthMiBps }) => {
      const policy = policyOf('balanced', { bandwidthMiBps })
      const host = hostWith(memoryMiB, dirtyMiBps)
      const known = host.vms.get(v)!
      const snapshot = snapshotVm(host, 1_000, known)
      const ms = migrationMs(snapshot.demand.memoryMiB, snapshot.dirtyMiBps, linkMiBpsOf(policy))

      const ahead = { each: vmForecastsHere(host).each } as OwnForecast
      const [candidate] = candidateVmsOf(host, ahead, 1_000, policy, true)
      assert.equal(candidate?.movingMs, ms, 'the choice of a destination')

      host.draining = true
      const take = (of: HostState, id: typeof a) =>
        takeSnapshot(of, id, 1_000, none, { overloaded: false, foresees: false })!
      const need = { kind: 'drain', reason: 'drain', since: 0, severity: 0, wanted: none, text: '' } as Need
      const problem = formulate([take(host, a), take(hostWith(0, null), b)], a, need, policy, 'clear')
      assert.equal(problem.vms[0]?.dirtyMiBps, snapshot.dirtyMiBps)
      const { answer, plan } = solve(problem)
      assert.equal(answer.kind, 'plan')
      if (answer.kind === 'plan') assert.equal(answer.cost.migrationMs, ms, 'the solver')
      assert.equal(plan?.makespanMs, ms, 'the plan')
      const ordered = planOrder(problem, [{ vm: v, from: a, to: b }])
      assert.equal(ordered.kind === 'plan' ? ordered.plan.makespanMs : null, ms, 'the order')

      const job = jobOf(0, snapshot.demand.memoryMiB, snapshot.dirtyMiBps)
      assert.equal(expected(job, policy, 0).ms, ms, 'the watch over the migration')
    }),
    { numRuns: runs },
  )
})
