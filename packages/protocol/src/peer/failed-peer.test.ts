/** A peer whose own state is wrong says so by throwing, and does nothing more: its agent ends, and the next one begins anew. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { policyOf } from '../data/config.ts'
import { backOffMs } from '../data/exponential-back-off.ts'
import { asHostId, asVmId, partitionIdOf } from '../data/ids.ts'
import type { ObservedVm } from '../data/io.ts'
import { createCommands } from '../detect/commands.ts'
import { detectLoad, type LoadState } from '../detect/load.ts'
import { findNeed } from '../detect/needs.ts'
import { exampleView } from '../outcome/example.ts'
import { createPeer } from '../peer.ts'
import { formulate } from '../snapshot/formulate.ts'
import { createHost } from '../snapshot/host.ts'
import { observe } from '../snapshot/observe.ts'
import { takeSnapshot } from '../snapshot/take.ts'
import { createStepContext } from '../step-context.ts'
import { ordinaryVm } from '../testing/observed-vm.ts'
import { peerInit } from '../testing/peer-init.ts'

const self = asHostId('a')
const policy = policyOf('balanced')
const init = peerInit(self, { policy })

test('a step without a time fails, and no step after it does anything', () => {
  const peer = createPeer(init)
  assert.equal(peer.step(1, { kind: 'tick' }).at(-1)?.kind, 'wake')
  assert.throws(() => peer.step(Number.NaN, { kind: 'tick' }), /a step has a time, not NaN/)
  assert.throws(() => peer.step(2, { kind: 'tick' }), /after no failed one/)
  assert.equal(peer.view(2).host, self, 'its operator still sees what it knew')
})

test('a clock that was set back makes no step go back', () => {
  const peer = createPeer(init)
  const wake = (now: number) => peer.step(now, { kind: 'tick' }).find((one) => one.kind === 'wake')?.at ?? 0
  wake(10_000)
  assert.ok(wake(1) > 10_000)
})

test('an input that only a fault of this program can make fails an assertion', () => {
  const context = createStepContext(self, 1, 1, policy)
  assert.throws(() => context.random(-1), /lots are drawn below a whole number, not below -1/)
  assert.throws(() => context.random(0.5), /not below 0.5/)
  assert.throws(() => backOffMs(1, -1, 10), /a pause is no less than nothing: -1 ms/)
})

test('an order and a question wait under names of their own, and one partition serves an order', () => {
  const context = createStepContext(self, 1, 1, policy)
  const host = createHost([], false)
  const v: ObservedVm = {
    ...ordinaryVm,
    vm: asVmId('v'),
    name: 'v',
    incarnation: '1',
    cpuMilli: 1,
    memoryMiB: 1,
    dirtyMiBps: 1,
  }
  observe(host, 0, [v], new Set())
  const commands = createCommands(context, host, {
    mode: () => 'auto',
    setMode: () => {},
    undrained: () => {},
    changed: () => {},
  })
  commands.commanded('q', { kind: 'plan' })
  assert.throws(() => commands.commanded('q', { kind: 'plan' }), /request q waits once/)
  const migrate = { kind: 'migrate', vm: v.vm, to: null } as const
  assert.throws(() => commands.commanded('q', migrate), /request q waits once/)
  commands.commanded('m', migrate)
  const [order] = commands.orders()
  commands.formed(order!, partitionIdOf(self, 1, 1))
  assert.throws(() => commands.formed(order!, partitionIdOf(self, 1, 2)), /a\.1\.2 would be a second one/)
})

test('an overload that contradicts itself is noticed with its next change', () => {
  const usable = { cpuMilli: 1_000, memoryMiB: 1_000 }
  const demand = { cpuMilli: 1_500, memoryMiB: 1_500 }
  const next = (state: LoadState) => detectLoad(state, 10, { ...demand, cpuMilli: 900 }, usable, policy)
  assert.throws(
    () => next({ since: null, overloaded: 'cpuMilli', overloadedAt: 5 }),
    /lasted since some time/,
  )
  assert.throws(
    () => next({ since: 6, overloaded: 'cpuMilli', overloadedAt: 5 }),
    /the overload of 5 began after/,
  )
})

test('a leader is a member of its partition, and each member stands once in the problem', () => {
  const host = createHost([], false)
  host.description = exampleView.description
  observe(host, 0, [], new Set())
  const none = { cpuMilli: 0, memoryMiB: 0 }
  const snapshot = takeSnapshot(host, self, 0, none, { overloaded: false, foresees: false })!
  const need = findNeed(host, self, { since: null, overloaded: null, overloadedAt: null }, [], 0, 950)
  assert.equal(need, null)
  const plan = { kind: 'none', reason: 'operator', since: 0, severity: 0, wanted: none, text: '' } as const
  assert.throws(
    () => formulate([snapshot], asHostId('b'), plan, policy, 'clear'),
    /b leads a partition of which/,
  )
  assert.throws(
    () => formulate([snapshot, snapshot], self, plan, policy, 'clear'),
    /stands once in the problem/,
  )
})
