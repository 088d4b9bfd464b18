/** Random small problems for property tests: every feature is off in about half of them. */
import fc from 'fast-check'
import { asHostId, asVmId } from '../../ids.ts'
import type { Problem, ProblemHost, ProblemVm } from '../problem.ts'
import type { Rule } from '../rules/rule.ts'

export interface Shape {
  readonly hostsMax: number
  readonly vmsMax: number
}

const rarely = fc.integer({ min: 0, max: 9 }).map((n) => n === 0)

export const problems = ({ hostsMax, vmsMax }: Shape): fc.Arbitrary<Problem> =>
  fc
    .record({
      hostCount: fc.integer({ min: 1, max: hostsMax }),
      vmCount: fc.integer({ min: 0, max: vmsMax }),
      baselines: rarely,
      states: rarely,
      starts: rarely,
      soft: fc.boolean(),
      twins: fc.boolean(),
    })
    .chain(({ hostCount, vmCount, baselines, states, starts, soft, twins }) => {
      const host = fc.record({
        state: states
          ? fc.constantFrom<ProblemHost['state']>('online', 'online', 'draining', 'offline')
          : fc.constant<ProblemHost['state']>('online'),
        cpu: fc.integer({ min: 2, max: 10 }),
        memory: fc.integer({ min: 2, max: 10 }),
        cpuBaseline: baselines ? fc.constantFrom('old', 'new', null) : fc.constant(null),
      })
      const vm = fc.record({
        host: fc.integer({ min: 0, max: hostCount - 1 }),
        cpu: fc.integer({ min: twins ? 2 : 0, max: twins ? 3 : 6 }),
        memory: fc.integer({ min: twins ? 2 : 0, max: twins ? 3 : 6 }),
        memoryMiB: fc.constantFrom(...(twins ? [100] : [100, 200, 350])),
        movable: fc.integer({ min: 0, max: 9 }).map((n) => n > 0),
        state: starts
          ? fc.constantFrom<ProblemVm['state']>('running', 'running', 'sleeping', 'ready')
          : fc.constant<ProblemVm['state']>('running'),
      })
      const some = (count: number, min: number) =>
        fc.uniqueArray(fc.integer({ min: 0, max: Math.max(0, count - 1) }), {
          minLength: Math.min(min, count),
          maxLength: Math.max(Math.min(min, count), Math.min(3, count)),
        })
      const rule = fc.record({
        kind: fc.constantFrom<Rule['kind']>('spread', 'ban', 'fence'),
        vms: some(vmCount, 2),
        hosts: some(hostCount, 1),
        weight: soft ? fc.option(fc.integer({ min: 1, max: 3 }), { nil: undefined }) : fc.constant(undefined),
      })
      return fc.record({
        hosts: fc.array(host, { minLength: hostCount, maxLength: hostCount }),
        vms: fc.array(vm, { minLength: vmCount, maxLength: vmCount }),
        rules: fc.array(rule, { maxLength: vmCount === 0 ? 0 : 3 }),
      })
    })
    .map(
      ({ hosts, vms, rules }): Problem => ({
        dimensions: ['cpuMilli', 'memoryMiB'],
        hosts: hosts.map((one, i) => ({
          id: asHostId(`h${i}`),
          state: one.state,
          limit: [one.cpu, one.memory],
          cpuBaseline: one.cpuBaseline,
          failureDomain: null,
        })),
        vms: vms.map((one, i) => ({
          id: asVmId(`v${i}`),
          host: one.state === 'ready' ? null : asHostId(`h${one.host}`),
          state: one.state,
          wanted: 'running',
          demand: [one.cpu, one.memory],
          memoryMiB: one.memoryMiB,
          dirtyMiBps: 0,
          movable: one.movable,
        })),
        rules: rules.map((one) => ({
          kind: one.kind,
          vms: one.vms.map((v) => asVmId(`v${v}`)),
          ...(one.kind === 'spread' ? {} : { hosts: one.hosts.map((h) => asHostId(`h${h}`)) }),
          ...(one.weight === undefined ? {} : { weight: one.weight }),
        })) as Rule[],
        bandwidthMiBps: 100,
        migrationsOutMax: 2,
        migrationsInMax: 2,
      }),
    )
