// Most of what a host of a large cluster hears is known already. Its step does no more than remember it: nothing else was due.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { asHostId, asVmId, type Instant } from '../data/ids.ts'
import type { Effect, Input } from '../data/io.ts'
import { createPeer, type Peer } from '../peer.ts'
import { summaryOf } from '../testing/load-summary.ts'
import { ordinaryHost, ordinaryVm } from '../testing/observed-vm.ts'
import { peerInit } from '../testing/peer-init.ts'

const others = ['b', 'c', 'd', 'e'].map(asHostId)
const newPeer = (): Peer => createPeer(peerInit(asHostId('a')))

const description = { ...ordinaryHost, capacity: { cpuMilli: 8_000, memoryMiB: 16_384 } }
const observed = (cpuMilli: number): Input => ({
  kind: 'observed',
  askedAt: 0,
  vms: [1, 2, 3].map((i) => ({ ...ordinaryVm, vm: asVmId(`v${i}`), name: `v${i}`, vcpus: 8, cpuMilli })),
})
const begin: readonly Input[] = [
  { kind: 'hypervisor', connected: true },
  { kind: 'described', description },
  observed(1_000),
  { kind: 'jobs', askedAt: 0, outgoing: [], incoming: [] },
]

const other = fc.constantFrom(...others)
/** A sequence that is no newer makes it an old summary. */
const heard = fc.record({
  host: other,
  sequence: fc.nat(60),
  cpuMilli: fc.constantFrom(1_000, 1_000, 1_000, 7_000),
  overloaded: fc.constantFrom(false, false, false, true),
})
const input: fc.Arbitrary<Input> = fc.oneof(
  {
    weight: 8,
    arbitrary: heard.map(({ host, sequence, cpuMilli, overloaded }) => ({
      kind: 'heard' as const,
      summary: summaryOf(host, { sequence, demand: { cpuMilli, memoryMiB: 2_048 }, overloaded }),
    })),
  },
  { weight: 2, arbitrary: fc.constantFrom(1_000, 2_900).map(observed) },
  { weight: 1, arbitrary: other.map((host) => ({ kind: 'disconnected' as const, host })) },
  {
    weight: 1,
    arbitrary: other.map((from) => ({
      kind: 'received' as const,
      from,
      message: { kind: 'ping' as const, incarnation: 1, sequence: 1 },
    })),
  },
)

const wakeOf = (effects: readonly Effect[]): Instant | null => {
  const last = effects.at(-1)
  return last?.kind === 'wake' ? last.at : null
}

test('a step that a known summary ends early would have done nothing', () => {
  let early = 0
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.nat(400), input, fc.boolean()), { minLength: 60, maxLength: 120 }),
      (said) => {
        // The second one goes through the whole step each time.
        const [peer, thorough] = [newPeer(), newPeer()]
        let now = 1_000_000
        let wakeAt = now
        const step = (at: Instant, said: Input): void => {
          const one = 'askedAt' in said ? { ...said, askedAt: at } : said
          const effects = peer.step(at, one)
          const same = thorough.step(at, one)
          assert.deepEqual(same, effects)
          wakeAt = wakeOf(effects) ?? wakeAt
          if (effects.length > 0) return
          early += 1
          assert.deepEqual(thorough.step(at, { kind: 'tick' }), [{ kind: 'wake', at: wakeAt }])
        }
        for (const one of begin) step(now, one)
        for (const [ms, one, late] of said) {
          now += ms
          // A timer may fire late: the step of another input does then what is due.
          while (wakeAt <= now && !late) step(wakeAt, { kind: 'tick' })
          step(now, one)
        }
        assert.deepEqual(thorough.view(now), peer.view(now))
      },
    ),
  )
  assert.ok(early > 100, `${early} steps ended early`)
})
