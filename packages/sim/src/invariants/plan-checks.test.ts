// S10, Q1, Q3: unsound plans, ping-pong and unrest are noticed.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Action, asVmId, policyOf, type Rule } from '@drover/protocol'
import {
  a,
  b,
  begins,
  c,
  h1,
  h2,
  hostOf,
  move,
  observed,
  partition,
  planOf,
  problemOf,
  roomy,
  type Told,
  vmOf,
} from '../testing/led-plan.ts'
import {
  actionOf,
  agentOf,
  epoch,
  hears,
  migrates,
  opened,
  openMigration,
  partitionIdOf,
  says,
  tick,
  watchedAgents,
} from '../testing/watched-agents.ts'
import { planFaultOf } from './plan-reading.ts'

test('the reading of plans: what fits passes, and each kind of fault is found', () => {
  const fault = (...actions: readonly Action[]) =>
    planFaultOf(problemOf(5_000), planOf(...actions), partition)
  assert.equal(fault(), null)
  assert.equal(fault(move(0, c, h2, h1)), 'H1 would carry 15000 cpuMilli of 9000')
  assert.equal(fault(move(0, c, h2, agentOf('h3'))), 'H3 is not in the problem')
  assert.equal(fault(move(0, a, h2, h1)), 'a is not on H2 when it is to leave')
  assert.equal(
    fault(move(0, a, h1, h2, 1)),
    `${actionOf(partition)} waits for ${actionOf(partition, 1)}, which is not in the plan`,
  )
  assert.equal(fault(move(0, a, h1, h2, 1), move(1, c, h2, h1, 0)), 'its actions wait for each other')
  // In the order of the list it fits; but nothing holds the second one back.
  const free = problemOf(2_500, { hosts: [hostOf(h1, 9_000), hostOf(h2)] })
  const loose = [move(0, c, h2, h1), move(1, b, h1, h2)]
  assert.equal(
    planFaultOf(free, planOf(move(0, b, h1, h2, 1), move(1, c, h2, h1)), partition),
    'H1 would carry 12500 cpuMilli of 9000',
  )
  assert.notEqual(planFaultOf(free, planOf(...loose), partition), null)
})

test('the reading of plans: of all orders the one that fills a host most', () => {
  // First b leaves, then c may come; but c need not wait for that, only d must.
  const d = asVmId('d')
  const h3 = agentOf('h3')
  const problem = problemOf(2_000, {
    hosts: [hostOf(h1), hostOf(h2), hostOf(h3, 20_000)],
    vms: [vmOf(a, h1, 2_000), vmOf(b, h1, 4_000), vmOf(c, h2, 3_000), vmOf(d, h2, 500)],
  })
  const [leaves, comes] = [move(0, b, h1, h3), move(2, d, h2, h1, 0)]
  const fault = (...after: number[]) =>
    planFaultOf(problem, planOf(leaves, move(1, c, h2, h1, ...after), comes), partition)
  assert.equal(fault(), 'H1 would carry 9000 cpuMilli of 8000')
  assert.equal(fault(0), null)
})

test('S10: a plan that is unsound, and actions that are not right when they begin', async () => {
  assert.deepEqual((await begins()).found(), [])
  const said = async (told: Told) => (await begins(told)).found().at(-1)
  const starts = `S10 h1 begins ${actionOf(partition)}: `
  const unsound = await begins({ actions: [move(0, a, h1, agentOf('h3'))], reason: 'drain' })
  assert.deepEqual(unsound.found(), [
    `S10 h1 assigns the plan of ${partition}, which is unsound: H3 is not in the problem`,
    `${starts}the plan is unsound: H3 is not in the problem`,
  ])
  assert.equal(
    await said({
      actions: [move(0, b, h1, h2)],
      problem: problemOf(5_000, { vms: [vmOf(b, h1, 1_000)] }),
      reason: 'drain',
    }),
    `${starts}the plan says otherwise`,
  )
  assert.equal(await said({ seen: { incarnation: '2' } }), `${starts}the VM was started anew`)
  assert.equal(await said({ seen: { fixed: 'dev.hostdev' } }), `${starts}the VM must stay: dev.hostdev`)
  assert.equal(await said({ admitted: false }), `${starts}its destination has not admitted it`)
  assert.equal(await said({ afterMs: 40_000 }), `${starts}its admission is 40000 ms old`)
  const agents = await begins()
  agents.step('h2', tick, null, migrates(partitionIdOf('h2', 1), a))
  const unplanned = `S10 h2 begins ${actionOf(partitionIdOf('h2', 1))}: no plan that it has got says so`
  assert.equal(agents.found().at(-1), unplanned)
  const later = [move(0, a, h1, h2, 1), move(1, b, h1, h2)]
  assert.equal(
    await said({ actions: later, problem: roomy(1_000), reason: 'drain' }),
    `${starts}${actionOf(partition, 1)} is not done`,
  )
})

test('S10: a host acts by no plan whose problem says something else of its VMs than it has told', async () => {
  const admits = (told: readonly (readonly [typeof a, number])[]) => {
    const agents = watchedAgents(2, {}, true)
    const { step, leased } = agents
    agents.born('h2')
    const of = partitionIdOf('h1', 3)
    const lease = leased(of, 1)
    const vms = told.map(([vm, cpuMilli]) => ({ vm, demand: { cpuMilli, memoryMiB: 1_024 } }))
    const granted = { kind: 'granted', partition: of, epoch: 1, snapshot: { vms, sampleAgeMs: 0 } }
    step('h2', tick, lease, epoch(1), says('h1', granted as never))
    const action = { ...move(0, c, h2, h1), id: actionOf(of) }
    const plan = { kind: 'assign', partition: of, epoch: 1, plan: planOf(action), problem: problemOf(1_000) }
    step('h2', hears('h1', plan), lease)
    const admitted = { kind: 'admitted', partition: of, epoch: 1, action: actionOf(of) }
    step('h2', tick, lease, says('h1', admitted as never))
    return agents.found().filter((line) => line.includes('in its problem'))
  }
  assert.deepEqual(admits([[c, 6_000]]), [])
  const unsound = `${actionOf(partitionIdOf('h1', 3))}: the plan is unsound: `
  assert.deepEqual(admits([[c, 6_001]]), [
    `S10 h2 admits ${unsound}c wants 6000 cpuMilli in its problem, and 6001 were told`,
  ])
  assert.deepEqual(admits([]), [`S10 h2 admits ${unsound}c is on h2 in its problem, and was not told of`])
})

test('Q1: a plan that leaves the overload as great as it was', async () => {
  const actions = [move(0, c, h2, h1)]
  const problem = problemOf(5_000, {
    hosts: [hostOf(h1), hostOf(h2)],
    vms: [vmOf(a, h1, 9_000), vmOf(c, h2, 0)],
  })
  const found = (await begins({ actions, problem })).found()
  assert.ok(
    found.includes('Q1 h1 plans 1 moves against its overload, and as much of it is left'),
    found.join('\n'),
  )
})

test('Q1: a plan that hardly lowers the overload', async () => {
  const left = async (most: number) => {
    const problem = problemOf(0, {
      hosts: [hostOf(h1, most), hostOf(h2, 20_000)],
      vms: [vmOf(a, h1, 100), vmOf(b, h1, 12_000)],
    })
    return (await begins({ actions: [move(0, a, h1, h2)], problem })).found()
  }
  assert.deepEqual(await left(12_000), [], 'all of it is gone')
  assert.deepEqual(await left(11_500), [], 'a sixth of it')
  assert.deepEqual(await left(8_000), [
    'Q1 h1 plans 1 moves against its overload, and hardly less of it is left',
  ])
})

test('Q1: a VM that rests is moved from a host that is not overloaded, or back', async () => {
  const before = partitionIdOf('h2', 7)
  const back = async (cpuOfC: number, reason: string, movedBy = before) => {
    const agents = watchedAgents(2, { policy: policyOf('balanced') })
    const { step, driver, clock } = agents
    agents.vm('c', 'h2')
    agents.born('h1')
    agents.born('h2')
    step('h1', tick, null, opened(openMigration('arrival', movedBy, c)))
    step('h2', tick, null)
    void driver('h2').migrate({ vm: c, to: 'sim://h1', handOverPaused: false, bandwidthMiBps: null })
    await clock.advance(20_000)
    const problem = problemOf(cpuOfC, { vms: [vmOf(c, h1, cpuOfC)], hosts: [hostOf(h1), hostOf(h2, 20_000)] })
    const assign = {
      kind: 'assign',
      partition,
      epoch: 1,
      epochs: {},
      plan: planOf(move(0, c, h1, h2)),
      problem,
      decision: { reason },
    }
    step('h1', tick, null, says('h2', assign as never))
    step('h1', tick, null, migrates(partition, c))
    return agents.found().filter((line) => line.startsWith('Q1'))
  }
  assert.match((await back(1_000, 'overload.cpu')).join(), /^Q1 c leaves h1, which is not overloaded/)
  assert.deepEqual(await back(9_000, 'overload.cpu'), [
    'Q1 c goes back from h1 to h2, and demand is as it was',
  ])
  assert.deepEqual(await back(1_000, 'operator'), [])
  assert.deepEqual(await back(1_000, 'overload.cpu', partition), [], 'one plan may move it twice')
})

test('Q1: an overload stands until demand has come down to the clear mark, and a host that drains is not bound', async () => {
  const leaves = async (cpus: readonly number[], drains = false) => {
    const agents = watchedAgents(2, { policy: policyOf('balanced') })
    const { step, driver, clock, world } = agents
    agents.vm('c', 'h2', { vcpus: 10, cpuMilli: 1_000 })
    agents.born('h1')
    agents.born('h2')
    step('h1', tick, null, opened(openMigration('arrival', partitionIdOf('h2', 7), c)))
    void driver('h2').migrate({ vm: c, to: 'sim://h1', handOverPaused: false, bandwidthMiBps: null })
    await clock.advance(20_000)
    for (const cpuMilli of cpus) {
      world.setCpu(c, cpuMilli)
      step('h1', { kind: 'observed', askedAt: 0, vms: [{ ...observed(c), cpuMilli }] }, null)
    }
    if (drains)
      step(
        'h1',
        { kind: 'commanded', request: '', command: { kind: 'drain', onBlocker: 'skip', dryRun: false } },
        null,
      )
    const assign = {
      kind: 'assign',
      partition,
      epoch: 1,
      epochs: {},
      plan: planOf(move(0, c, h1, agentOf('h3'))),
      problem: problemOf(0, {
        hosts: [hostOf(h1), hostOf(agentOf('h3'))],
        vms: [vmOf(c, h1, cpus.at(-1) ?? 0)],
      }),
      decision: { reason: 'overload.cpu' },
    }
    step('h1', tick, agents.leased(partition, 1), epoch(1))
    step('h1', tick, agents.leased(partition, 1), says('h2', assign as never), migrates(partition, c))
    return agents.found().filter((line) => line.startsWith('Q1 c'))
  }
  const clear = 8_000 * 0.95
  assert.deepEqual(await leaves([8_001, clear + 1, clear + 1, clear + 1]), [])
  assert.deepEqual(await leaves([8_001, clear]), [], 'one sample is not believed yet')
  for (const cpus of [[8_001, clear, clear], [8_001, clear, clear, clear + 1], [clear + 1]])
    assert.match((await leaves(cpus)).join(), /^Q1 c leaves h1, which is not overloaded/)
  assert.deepEqual(await leaves([1_000], true), [])
})

test('Q1: a VM whose migrations fail is tried again too soon', async () => {
  const agents = watchedAgents(2, { policy: policyOf('balanced') })
  const { step, clock, found, born } = agents
  agents.vm('a', 'h1')
  agents.vm('b', 'h1')
  born('h1')
  born('h2')
  const tries = async (counter: number, vm: typeof a, code: string, ms: number) => {
    const of = partitionIdOf('h1', counter)
    step('h1', tick, null, opened(openMigration('departure', of, vm)), migrates(of, vm))
    const result = { kind: 'refused', code, detail: '' } as const
    const record = { kind: 'closed', action: actionOf(of), vm, end: 'departure', result, duty: null } as const
    step('h1', tick, null, { kind: 'persist', record })
    await clock.advance(ms)
  }
  const told = () => found().filter((line) => line.startsWith('Q1'))
  await tries(1, a, 'migration.failed', 1_000)
  await tries(2, a, 'vm.absent', 1_000)
  await tries(3, a, 'hypervisor.refused', 60_000)
  await tries(4, b, 'migration.stalled', 60_000)
  assert.deepEqual(told(), [], 'each was left alone long enough')
  await tries(5, a, 'migration.failed', 50_000)
  await tries(6, a, 'migration.failed', 1_000)
  assert.deepEqual(told(), ['Q1 h1 moves a 9406 ms before it may be tried again, after 3 failures'])
  await tries(7, b, 'migration.timeout', 1_000)
  step('h1', { kind: 'observed', askedAt: 0, vms: [observed(a)] }, null)
  await tries(8, b, 'migration.failed', 1_000)
  assert.equal(told().length, 1, 'it was not seen meanwhile')
  born('h1', {}, 2)
  await tries(9, a, 'migration.failed', 1_000)
  assert.equal(told().length, 1, 'a new life does not know it')
})

/** h1, which has `a` and `b`, asks h2 for a lease to mend a rule, long after the last change. */
const mends = async (...rules: readonly Rule[]): Promise<readonly string[]> => {
  const { step, born, vm, clock, found } = watchedAgents(2, { policy: policyOf('aggressive'), rules })
  const vms = [vm('a', 'h1', { settings: { labels: 'db' } }), vm('b', 'h1', { settings: { labels: 'db' } })]
  born('h1')
  born('h2')
  step('h1', { kind: 'observed', askedAt: 0, vms: vms.map((one) => observed(one)) }, null)
  await clock.advance(120_000)
  const reserve = { kind: 'reserve', partition, epoch: 0, intent: 'lease', reason: 'rule.violation' }
  step('h1', tick, null, says('h2', reserve as never))
  return found()
}

test('Q3: a partition to mend a rule where each rule holds, and none where one is broken', async () => {
  const kept: readonly Rule[] = [
    { kind: 'spread', vms: [a, c] },
    { kind: 'ban', vms: [a, b], hosts: [h2] },
    { kind: 'fence', vms: [a], hosts: [h1] },
    { kind: 'labelCapacity', label: 'db', max: 2 },
    { kind: 'labelCapacity', label: 'db', max: 0, hosts: [h2] },
  ]
  const [said] = await mends(...kept)
  assert.match(said ?? '', /^Q3 h1 forms H1\.1\.1 for rule\.violation/)
  const broken: readonly Rule[] = [
    { kind: 'spread', vms: [a, b] },
    { kind: 'ban', vms: [a], hosts: [h1] },
    { kind: 'fence', vms: [b], hosts: [h2] },
    { kind: 'labelCapacity', label: 'db', max: 1 },
  ]
  for (const rule of broken) assert.deepEqual(await mends(...kept, rule), [])
})

test('Q3: a partition where nothing has changed for long', async () => {
  const { step, born, vm, clock, found, world } = watchedAgents(2, { policy: policyOf('aggressive') })
  const id = vm('a', 'h1')
  born('h1')
  born('h2')
  const seen = { kind: 'observed', askedAt: 0, vms: [observed(id)] } as const
  step('h1', seen, null)
  const reserve = (counter: number, reason = 'overload.cpu') =>
    says('h2', {
      kind: 'reserve',
      partition: partitionIdOf('h1', counter),
      epoch: 0,
      intent: 'lease',
      reason,
    } as never)
  await clock.advance(60_000)
  step('h1', tick, null, reserve(1))
  await clock.advance(60_000)
  step('h1', tick, null, reserve(2, 'forecast.cpu'))
  assert.deepEqual(found(), [])
  step('h1', tick, null, reserve(3))
  assert.match(
    found()[0] ?? '',
    /Q3 h1 forms H1\.1\.3 for overload\.cpu, and nothing has changed for 120000 ms/,
  )
  world.setCpu(id, 700)
  step('h1', tick, null, reserve(4))
  assert.equal(found().length, 1)
})
