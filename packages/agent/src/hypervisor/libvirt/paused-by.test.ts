/** Was a VM left paused by a migration, or paused by its owner? libvirt gives both the same reason; an alarm hangs on it. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { asVmId } from '@drover/protocol'
import { plainSampler } from '../../testing/plain-sampler.ts'
import type { DomainEvent } from './domain-events.ts'
import type { Caller } from './observe.ts'
import {
  allDomainStats,
  domainStates,
  domainXml,
  jobOperations,
  jobStats,
  listDomains,
  type Procedure,
} from './procedures.ts'

const vm = asVmId('ac02535e-ac84-4f51-be77-1e291ebb7c23')
const domain = { name: 'vm1', vm, id: 3 }
const told = (event: string, detail: string): DomainEvent => ({ kind: 'lifecycle', vm, event, detail })
/** `VIR_DOMAIN_PAUSED_USER` */
const byUser = 1

/** A paused VM that was received here and whose vCPU ran for so long; what one look says of the pause. */
const pausedBy = async (events: readonly DomainEvent[], ranMs = 0) => {
  const stats = new Map([
    ['state.state', domainStates.paused],
    ['state.reason', byUser],
    ['vcpu.current', 1],
    ['vcpu.maximum', 1],
    ['vcpu.0.time', ranMs * 1_000_000],
  ])
  const caller: Caller = {
    async call<Args, Result>(procedure: Procedure<Args, Result>): Promise<Result> {
      const answers = new Map<number, unknown>([
        [domainXml.number, '<domain><devices/></domain>'],
        [allDomainStats.number, [{ domain, stats }]],
        [listDomains.number, []],
        [jobStats.number, { type: 0, stats: new Map([['operation', jobOperations.migrationIn]]) }],
      ])
      return answers.get(procedure.number) as Result
    },
  }
  const sampler = plainSampler()
  for (const event of events) sampler.hear(event)
  const [seen] = await sampler.sample(caller, new Map())
  return seen?.pausedBy
}

test('a copy that arrived paused and has not run here was left by its migration', async () => {
  const arrived = [told('started', 'migrated'), told('suspended', 'paused')]
  assert.equal(await pausedBy(arrived), 'migration')
  assert.equal(await pausedBy([]), 'migration', 'also when the agent came later')
})

test('a VM that arrived, ran for a moment and was then paused was paused by its owner', async () => {
  // A VM without work uses hardly any CPU: only the event tells that it ran.
  const arrived = [told('started', 'migrated'), told('resumed', 'migrated'), told('suspended', 'paused')]
  assert.equal(await pausedBy(arrived), 'owner')
  assert.equal(await pausedBy([], 1_000), 'owner', 'its vCPU has run for a second')
  assert.equal(await pausedBy([told('started', 'booted')]), 'owner', 'it has not arrived at all')
})

test('a VM that ran here, left, and came back paused was left by its migration', async () => {
  const back = [told('resumed', 'unpaused'), told('started', 'migrated'), told('suspended', 'paused')]
  assert.equal(await pausedBy(back), 'migration')
})
