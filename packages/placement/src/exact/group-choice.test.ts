/** Rules that want VMs together and are violated now: the search chooses the same groups as brute force. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { compile } from '../model/model.ts'
import { asHostId } from '../problem/ids.ts'
import type { PlacementRule } from '../rules/rule.ts'
import { runs } from '../testing/effort.ts'
import { problems } from '../testing/generator.ts'
import { bestCure } from '../testing/oracle.ts'
import { createSearch } from './branch-and-bound.ts'
import { deepen } from './iterative-deepening.ts'
import { createSearchSpace } from './search-state.ts'

test('Of the groups in which VMs can be together the cheapest is chosen', () => {
  let moved = 0
  fc.assert(
    fc.property(
      problems({ hostsMax: 4, vmsMax: 5 }),
      fc.array(fc.record({ gather: fc.boolean(), from: fc.nat(3), size: fc.integer({ min: 2, max: 3 }) }), {
        minLength: 1,
        maxLength: 2,
      }),
      fc.integer({ min: 1, max: 3 }),
      (base, wanted, cut) => {
        const hosts = base.hosts.map((host, h) => ({
          ...host,
          id: asHostId(`h${h}`),
          limit: host.limit.map((amount) => amount + 6),
        }))
        const ids = hosts.map((host) => host.id)
        const together = wanted.map(({ gather, from, size }): PlacementRule => {
          const vms = base.vms.slice(from, from + size).map((vm) => vm.id)
          return gather
            ? { kind: 'gather', vms, continuous: false }
            : { kind: 'among', vms, parts: [ids.slice(0, cut), ids.slice(cut)], continuous: false }
        })
        const others = base.rules.slice(0, 1).map((rule) => ({ ...rule, continuous: false }))
        const problem = { ...base, hosts, rules: [...together, ...others] }
        const best = bestCure(problem)
        const kept = best === null || best[3] > 0 ? null : best
        const model = compile(problem)
        const search = createSearch(createSearchSpace(model), {
          relief: false,
          open: null,
          start: model.home,
        })
        const { at, cost, complete } = deepen(search, {
          nodesMax: 1_000_000,
          expired: () => false,
        })
        assert.ok(complete)
        assert.deepEqual(at === null ? null : [cost.migrationMs, cost.hostsTouched], kept?.slice(4) ?? null)
        if (at !== null && cost.migrationMs > 0) moved++
      },
    ),
    { numRuns: runs, seed: 31 },
  )
  assert.ok(moved > runs / 10)
})
