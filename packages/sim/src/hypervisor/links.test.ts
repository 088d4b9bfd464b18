// A migration that joins or leaves a crowded link changes the rates of those that share it, of those that share with
// these, and of no others; the rates are those that dividing everything anew would give.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { smallWorld } from '../testing/small-world.ts'
import { createLinks, type Transfer } from './links.ts'
import { fairRates } from './share.ts'
import type { HostRecord } from './state.ts'

interface Sending extends Transfer {
  capMiBps: number
  rateMiBps: number
}

const hosts: readonly HostRecord[] = [...smallWorld(6).world.inside.state.hosts.values()]
const sending = (from: number, to: number, capMiBps: number): Sending => ({
  from: hosts[from]!,
  to: hosts[to]!,
  capMiBps,
  rateMiBps: 0,
})

test('where there is room for all, no rate changes', () => {
  const told: Sending[] = []
  const links = createLinks<Sending>((one, rateMiBps) => {
    told.push(one)
    one.rateMiBps = rateMiBps
  })
  const ten = Array.from({ length: 10 }, () => sending(0, 1, 125))
  for (const one of ten) links.join(one) // exactly the 1250 MiB/s of the link
  assert.deepEqual(told, ten)
  links.join(sending(2, 3, 2_000))
  assert.equal(told.length, 11)
  links.join(sending(0, 2, 125)) // the eleventh: all on that link give
  assert.equal(told.length, 22)
  assert.deepEqual(
    ten.map((one) => Math.round(one.rateMiBps)),
    ten.map(() => 114),
  )
})

test('after any history, the rates are those of everything divided anew', () => {
  const step = fc.record({
    from: fc.nat(5),
    to: fc.nat(5),
    cap: fc.integer({ min: 1, max: 1_500 }),
    victim: fc.option(fc.nat(30)),
    capped: fc.option(fc.nat(30)),
  })
  fc.assert(
    fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
      const going: Sending[] = []
      const links = createLinks<Sending>((one, rateMiBps) => {
        one.rateMiBps = rateMiBps
      })
      for (const { from, to, cap, victim, capped } of steps) {
        const one = sending(from, to, cap)
        going.push(one)
        links.join(one)
        const other = going[capped ?? -1]
        if (other !== undefined)
          links.change(other, () => {
            other.capMiBps = cap / 2
          })
        if (victim !== null && victim < going.length) links.leave(going.splice(victim, 1)[0]!)
        const anew = fairRates(
          going.map((flow) => ({
            cap: flow.capMiBps,
            links: [`out ${flow.from.spec.name}`, `in ${flow.to.spec.name}`],
          })),
          () => 1_250,
        )
        for (const [i, flow] of going.entries())
          assert.ok(Math.abs(flow.rateMiBps - anew[i]!) < 1e-6, `${flow.rateMiBps} for ${anew[i]}`)
      }
    }),
  )
})
