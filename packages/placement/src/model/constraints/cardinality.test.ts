/** At most so many of the VMs on each host: the constraint agrees with counting by hand in everything that it is asked. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { runs } from '../../testing/effort.ts'
import { cardinalityConstraint } from './cardinality.ts'

const hostCount = 4
const vmCount = 9

const situation = fc.record({
  scope: fc.subarray(Array.from({ length: vmCount }, (_, v) => v)),
  inside: fc.array(fc.integer({ min: 0, max: 1 }), { minLength: hostCount, maxLength: hostCount }),
  at: fc.array(fc.integer({ min: -1, max: hostCount - 1 }), { minLength: vmCount, maxLength: vmCount }),
  max: fc.integer({ min: 0, max: 3 }),
})

test('conflicts, closed hosts and the degree of violation are as counted by hand', () => {
  fc.assert(
    fc.property(situation, ({ scope, inside, at: places, max }) => {
      const at = Int32Array.from(places)
      const open = Uint8Array.from(inside)
      const constraint = cardinalityConstraint(
        { rule: 0, weight: -1, scope: Int32Array.from(scope) },
        open,
        max,
      )
      const on = (h: number, but = -1) => scope.filter((v) => v !== but && at[v] === h && open[h] === 1)
      const hosts = Array.from({ length: hostCount }, (_, h) => h)
      const over = hosts.map((h) => Math.max(0, on(h).length - max))

      assert.equal(
        constraint.violation(at),
        over.reduce((sum, one) => sum + one, 0),
      )
      const out = new Int32Array(vmCount + 1).fill(-7)
      const n = constraint.conflict(at, out, 1)
      assert.equal(n > 0, constraint.violation(at) > 0)
      assert.equal(out[0], -7)
      const named = [...out.subarray(1, n + 1)]
      if (n > 0) {
        assert.equal(n, max + 1)
        assert.equal(new Set(named).size, n)
        assert.equal(new Set(named.map((v) => at[v])).size, 1)
        assert.ok(named.every((v) => scope.includes(v) && on(at[v]!).includes(v)))
      }
      for (const v of scope) {
        const clashing = hosts.map((h) => open[h] === 1 && on(h, v).length >= max)
        assert.deepEqual(
          hosts.map((h) => constraint.clashes(at, v, h)),
          clashing,
        )
        const closed = constraint.forbiddenHosts?.(at, v) ?? new Uint8Array(hostCount)
        assert.deepEqual(
          [...closed].map((bit) => bit === 1),
          clashing,
        )
      }
    }),
    { numRuns: runs, seed: 41 },
  )
})

test('restricted to a few hosts, the constraint says the same about them and nothing about the others', () => {
  fc.assert(
    fc.property(
      situation,
      fc.subarray([0, 1, 2, 3], { minLength: 1 }),
      ({ scope, inside, at: places, max }, hosts) => {
        const at = Int32Array.from(places)
        const whole = cardinalityConstraint(
          { rule: 0, weight: -1, scope: Int32Array.from(scope) },
          Uint8Array.from(inside),
          max,
        )
        const elsewhere = hosts.length
        const vms = scope.filter((v) => hosts.includes(at[v]!))
        const here = (h: number) => (hosts.includes(h) ? hosts.indexOf(h) : h < 0 ? -1 : elsewhere)
        const vmHere = new Int32Array(vmCount).fill(-1)
        vms.forEach((v, i) => {
          vmHere[v] = i
        })
        const hostHere = Int32Array.from({ length: hostCount }, (_, h) => hosts.indexOf(h))
        const few = whole.restrictedTo!(
          { rule: 0, weight: -1, scope: Int32Array.from(vms, (_, i) => i) },
          { vms, hosts, elsewhere, vmHere, hostHere, at },
        )
        const local = Int32Array.from(vms, (v) => here(at[v]!))
        vms.forEach((v, i) => {
          assert.equal(few.clashes(local, i, elsewhere), false)
          for (const h of hosts) assert.equal(few.clashes(local, i, here(h)), whole.clashes(at, v, h))
        })
      },
    ),
    { numRuns: runs, seed: 43 },
  )
})
