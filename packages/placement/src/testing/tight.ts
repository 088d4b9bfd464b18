/**
 * Random small problems that have a cure, of hosts just large enough for it: VMs stand in each other's way, so that many
 * cures have no order.
 */
import fc from 'fast-check'
import { asHostId, asVmId } from '../problem/ids.ts'
import type { PlacementProblem } from '../rules/placement-problem.ts'
import type { PlacementRule } from '../rules/rule.ts'

export interface TightShape {
  readonly hostsMax: number
  readonly vmsMax: number
  readonly ruled: boolean
}

const names = ['cpuMilli', 'memoryMiB', 'gpu']
const range = (n: number): number[] => Array.from({ length: n }, (_, i) => i)

export const tightProblems = ({ hostsMax, vmsMax, ruled }: TightShape): fc.Arbitrary<PlacementProblem> =>
  fc
    .record({
      hostCount: fc.integer({ min: 2, max: hostsMax }),
      dims: fc.integer({ min: 1, max: 3 }),
      slack: fc.constantFrom(0, 0, 1, 2),
    })
    .chain(({ hostCount, dims, slack }) =>
      fc.record({
        slacks: fc.array(fc.integer({ min: 0, max: slack }), {
          minLength: hostCount * dims,
          maxLength: hostCount * dims,
        }),
        vms: fc.array(
          fc.record({
            at: fc.nat(hostCount - 1),
            end: fc.nat(hostCount - 1),
            stays: fc.boolean(),
            demand: fc.array(fc.integer({ min: 0, max: 4 }), { minLength: dims, maxLength: dims }),
            memoryMiB: fc.constantFrom(100, 150, 400),
            fixed: fc.integer({ min: 0, max: 9 }).map((n) => n === 0),
          }),
          { minLength: 2, maxLength: vmsMax },
        ),
        rules: fc.array(
          fc.record({
            kind: fc.constantFrom('spread', 'ban', 'among', 'gather', 'runningCapacity'),
            first: fc.nat(vmsMax - 1),
            second: fc.nat(vmsMax - 1),
            third: fc.nat(vmsMax - 1),
            host: fc.nat(hostCount - 1),
            amount: fc.integer({ min: 1, max: 5 }),
            continuous: fc.boolean(),
          }),
          { maxLength: ruled ? 2 : 0 },
        ),
      }),
    )
    .map(({ slacks, vms, rules }): PlacementProblem => {
      const dims = vms[0]!.demand.length
      const hostCount = slacks.length / dims
      const hosts = range(hostCount).map((h) => asHostId(`h${h}`))
      const end = vms.map((vm) => (vm.stays || vm.fixed ? vm.at : vm.end))
      const idOf = (v: number) => asVmId(`v${v % vms.length}`)
      return {
        dimensions: names.slice(0, dims),
        hosts: hosts.map((id, h) => ({
          id,
          state: 'online',
          limit: range(dims).map(
            (d) =>
              slacks[h * dims + d]! + vms.reduce((sum, vm, v) => sum + (end[v] === h ? vm.demand[d]! : 0), 0),
          ),
          cpuBaseline: null,
          failureDomain: null,
        })),
        vms: vms.map((vm, v) => ({
          id: idOf(v),
          host: hosts[vm.at]!,
          state: 'running',
          wanted: 'running',
          demand: vm.demand,
          memoryMiB: vm.memoryMiB,
          dirtyMiBps: 0,
          movable: !vm.fixed,
        })),
        rules: rules.map(({ kind, first, second, third, host, amount, continuous }): PlacementRule => {
          const members = [...new Set([first, second, third].map(idOf))]
          switch (kind) {
            case 'ban':
              return { kind, vms: [members[0]!], hosts: [hosts[host]!], continuous }
            case 'among':
              return { kind, vms: members, parts: [hosts.slice(0, 1), hosts.slice(1)], continuous }
            case 'runningCapacity':
              return { kind, hosts: [hosts[host]!, hosts[0]!], amount, continuous }
            case 'gather':
              return { kind, vms: members.slice(0, 2), continuous }
            default:
              return { kind: 'spread', vms: members, continuous }
          }
        }),
        bandwidthMiBps: 100,
        migrationsOutMax: 2,
        migrationsInMax: 2,
      }
    })
