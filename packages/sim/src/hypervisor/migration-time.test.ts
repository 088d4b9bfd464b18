/**
 * How long real migrations take. Kherbache measured about 2,000 of KVM (thesis; Kherbache, Madelaine, Hermenier, IEEE
 * TCC 2017): the means are below. The model is given what can be known beforehand, and has to be near all of them.
 *
 * Its inputs:
 * - memory as configured, GB of 2^30 bytes: all of it is sent in the first round.
 * - the line, of which Ethernet, IP and TCP leave 94 % to the migration (line-rate.ts): counted, not fitted.
 * - the rate at which the guest rewrites memory: 5 MiB/s, one value for all four cases. What the measured guests rewrote
 *   is not known to us, so this is assumed, with the means in view: a few MiB/s, as of a guest that serves something. With 0 the
 *   model is 7 to 11 % short, with 10 MiB/s 13 % long at worst; the second test says how little hangs on it.
 * - 5 ms to hand over, the world's default.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { asVmId } from '@drover/protocol'
import { quantile } from '../quantile.ts'
import { manualClock } from '../time/clock.ts'
import { payloadMiBpsOf } from './line-rate.ts'
import { createWorld } from './world.ts'

interface Case {
  readonly memoryGiB: number
  /** Of the hosts. */
  readonly lineMbps: number
  /** To which the migration is limited; default: the line. */
  readonly limitMbps?: number
  readonly dirtyMiBps: number
  /** Of such VMs at the same time, each to a host of its own. Default 1. */
  readonly together?: number
}

/** Until the last one has ended, s. */
const secondsOf = async (one: Case): Promise<number> => {
  const { memoryGiB, lineMbps, limitMbps = lineMbps, dirtyMiBps, together = 1 } = one
  const clock = manualClock()
  const world = createWorld({ clock, migrationMiBps: payloadMiBpsOf(limitMbps) })
  const capacity = { cpuMilli: 8_000, memoryMiB: 16_384 }
  const linkMiBps = payloadMiBpsOf(lineMbps)
  world.addHost({ name: 'source', capacity, linkMiBps })
  const { state, migrations, migrationMiBps } = world.inside
  let endedMs = 0
  world.events((event) => {
    if (event.kind === 'migration-ended') endedMs = event.at
  })
  for (let i = 0; i < together; i++) {
    const [vm, to] = [asVmId(`vm${i}`), `destination${i}`]
    world.addHost({ name: to, capacity, linkMiBps })
    const memoryMiB = memoryGiB * 1_024
    world.addVm({ vm, name: vm, host: 'source', vcpus: 1, memoryMiB, cpuMilli: 500, dirtyMiBps })
    const source = state.hosts.get('source')!.copies.get(vm)!
    const order = {
      source,
      to: state.hosts.get(to)!,
      paused: false,
      capMiBps: migrationMiBps,
      onEnd: () => {},
    }
    assert.equal(migrations.begin(order), null)
  }
  await clock.advance(600_000)
  assert.equal(world.migrations().length, 0)
  return endedMs / 1_000
}

const measured = [
  { memoryGiB: 2, lineMbps: 1_000, meanS: 20.3 },
  { memoryGiB: 2, lineMbps: 500, meanS: 40.3 },
  { memoryGiB: 3, lineMbps: 1_000, meanS: 30.6 },
  { memoryGiB: 3, lineMbps: 500, meanS: 59.1 },
] as const

/** Permille off the mean, signed, by case. */
const errorsOf = (dirtyMiBps: number): Promise<readonly number[]> =>
  Promise.all(
    measured.map(async ({ meanS, ...one }) =>
      Math.round(((await secondsOf({ ...one, dirtyMiBps })) / meanS - 1) * 1_000),
    ),
  )
const medianOf = (errors: readonly number[]): number => quantile(errors.map(Math.abs), 500)!

test('the model is within 10 % of every measured mean, 6 % in the median', async () => {
  const errors = await errorsOf(5)
  assert.ok(
    errors.every((error) => Math.abs(error) < 100),
    `${errors}`,
  )
  assert.ok(medianOf(errors) < 60, `${errors}`)
})

test('the assumed dirty rate matters little: the error stays within 10 % from 1 to 10 MiB/s', async () => {
  for (const dirtyMiBps of [1, 3, 8, 10])
    assert.ok(medianOf(await errorsOf(dirtyMiBps)) < 100, `${dirtyMiBps} MiB/s`)
})

test('the bare transfer is too short, every time: the line is not all for the migration', async () => {
  for (const { meanS, memoryGiB, lineMbps } of measured) {
    const transferS = (memoryGiB * 2 ** 30 * 8) / (lineMbps * 1e6)
    const withoutDirtyS = await secondsOf({ memoryGiB, lineMbps, dirtyMiBps: 0 })
    assert.ok(transferS < withoutDirtyS && withoutDirtyS < meanS, `${transferS}, ${withoutDirtyS}, ${meanS}`)
  }
})

test('a migration takes the same time limited to half a line as sharing the line with another', async () => {
  const vm = { memoryGiB: 2, lineMbps: 1_000, dirtyMiBps: 5 }
  const slowLineS = await secondsOf({ ...vm, lineMbps: 500 })
  assert.ok(Math.abs((await secondsOf({ ...vm, limitMbps: 500 })) - slowLineS) < 0.01)
  assert.ok(Math.abs((await secondsOf({ ...vm, together: 2 })) - slowLineS) < 0.01)
  assert.ok((await secondsOf({ ...vm, together: 3 })) > 1.4 * slowLineS)
})
