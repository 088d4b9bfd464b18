/** What is usable of a host has one rule: the host, its snapshot, its summary and its operator's page must agree. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { runs } from '../../../placement/src/testing/effort.ts'
import { exampleView } from '../outcome/example.ts'
import { explainHost } from '../outcome/explain-host.ts'
import { loadText } from '../outcome/words.ts'
import { formulate } from '../snapshot/formulate.ts'
import { createHost, usableHere } from '../snapshot/host.ts'
import { roomOf } from '../snapshot/ledger.ts'
import { observe } from '../snapshot/observe.ts'
import { takeSnapshot } from '../snapshot/take.ts'
import { policyOf } from './config.ts'
import { asHostId } from './ids.ts'
import type { HostDescription } from './io.ts'
import type { Need } from './need.ts'
import { headroomOf, usableOf } from './usable.ts'

const amounts = fc.record({ cpuMilli: fc.nat(100_000), memoryMiB: fc.nat(1_000_000) })
const situations = fc.record({ capacity: amounts, reserve: amounts, committedIn: amounts, demand: amounts })
const self = asHostId('a')
const none = { cpuMilli: 0, memoryMiB: 0 }
const noNeed: Need = { kind: 'none', reason: 'operator', since: 0, severity: 0, wanted: none, text: '' }

test('host, ledger, snapshot, problem and summary have the same amount usable, and the same free', () => {
  fc.assert(
    fc.property(situations, ({ capacity, reserve, committedIn, demand }) => {
      const description = { ...exampleView.description, name: 'a', capacity, reserve } as HostDescription
      const host = createHost([], false)
      host.description = description
      observe(host, 0, [], new Set())
      const usable = usableHere(host)
      assert.deepEqual(usable, usableOf({ capacity, reserve }))
      for (const d of ['cpuMilli', 'memoryMiB'] as const)
        assert.equal(usable[d], Math.max(0, capacity[d] - reserve[d]))

      const promise = { action: 'x' as never, vm: 'v' as never, demand: committedIn }
      const said = { capacity, reserve, demand: none, committedIn }
      assert.deepEqual(roomOf(host, [promise]), headroomOf(said), 'the ledger grants what the summary offers')

      const snapshot = takeSnapshot(host, self, 0, none, { overloaded: false, foresees: false })!
      assert.deepEqual(usableOf(snapshot), usable)
      const { hosts } = formulate([snapshot], self, noNeed, policyOf('balanced'), 'usable')
      assert.deepEqual(hosts[0]?.limit, [usable.cpuMilli, usable.memoryMiB])

      const member = exampleView.members[1]!
      const summary = { ...member.summary, capacity, reserve, demand, committedIn }
      const view = { ...exampleView, members: [{ ...member, summary }] }
      const { facts } = explainHost(view, [], summary.host, '')
      assert.ok(facts.includes(loadText(demand, usable)), facts.join(' | '))
    }),
    { numRuns: runs },
  )
})
