/** Named transitions are taken from a run as it was; what they mean, only the models say (`npm run model`). */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { asVmId } from '../../packages/protocol/src/index.ts'
import { type RecordedEvent, virtualCluster } from '../../packages/sim/src/story/index.ts'
import { doctored } from './doctored.ts'
import { models } from './models.ts'
import { step, type Trace } from './trace.ts'
import { headerOf, modelText, namesIn } from './trace-header.ts'
import { tracesOf } from './traces.ts'

/** One overload, cured by one migration; `meanwhile` while it is under way. */
const overload = async (
  meanwhile: (cluster: Awaited<ReturnType<typeof virtualCluster>>) => void = () => {},
): Promise<readonly Trace[]> => {
  const events: RecordedEvent[] = []
  const cluster = await virtualCluster({ hosts: 3, record: (event) => events.push(event) })
  for (let i = 0; i < 7; i++) cluster.vm(`vm-${i}`, 0, 1_000)
  await cluster.run(3_000)
  cluster.world.setCpu(asVmId('vm-0'), 2_500)
  await cluster.until(() => cluster.world.migrations().length === 1, 20_000)
  meanwhile(cluster)
  await cluster.run(60_000)
  return tracesOf(events)
}
const wordsOf = (traces: readonly Trace[], model: string): readonly string[] =>
  traces.filter((trace) => trace.model === model).map(({ steps }) => steps.map(({ name }) => name).join(' '))

test('a migration from the promise to its end, at both ends', async () => {
  const traces = await overload()
  assert.deepEqual(wordsOf(traces, 'migration'), [
    's_performs w_started w_moved s_hands_over d_hears_hand_over d_resumes d_took_over s_hears_took_over s_done',
  ])
  assert.deepEqual(wordsOf(traces, 'ledger'), ['asks admits begins starts arrives takes_over'])
  assert.deepEqual(wordsOf(traces, 'brake'), ['s_asks d_admits s_performs'])
  assert.deepEqual([...wordsOf(traces, 'lease')].sort(), [
    'm_grants m_admits m_ends',
    'm_grants m_begins m_performs m_ends',
  ])
})

test('a crash, a lost journal and the way back are told where they happened', async () => {
  const [migration = ''] = wordsOf(
    await overload((cluster) => {
      cluster.killAgent(0)
      cluster.loseJournal(0)
      cluster.restartAgent(0)
    }),
    'migration',
  )
  assert.match(migration, /^s_performs w_started s_dies s_loses_journal s_starts /)
})

test('what an operator says in the middle of it is told with the reply', async () => {
  const [brake = ''] = wordsOf(
    await overload((cluster) => void cluster.tell(0, { kind: 'mode', mode: 'observe' })),
    'brake',
  )
  assert.equal(brake, 's_asks d_admits s_performs observe_leader')
})

test('every transition that a model names is one word for both, and a name that no model has is reported', () => {
  for (const { name } of models) assert.ok(namesIn(modelText(name)).length > 0, name)
  const trace = (name: string): Trace => ({ model: 'lease', label: 'a', steps: [step(name)] })
  assert.match(headerOf(['m_grants'], [trace('m_grants')]), /#define ev_m_grants 16\n/)
  assert.throws(() => headerOf(['m_grants'], [trace('m_gives')]), /a: lease has no m_gives 0/)
})

test('a doctored trace is another one; without a trace to doctor nothing is shown', () => {
  const trace: Trace = {
    model: 'brake',
    label: 'a',
    steps: [step('s_asks'), step('d_admits'), step('s_performs')],
  }
  const words = doctored('brake', [trace]).map(({ steps }) => steps.map(({ name }) => name).join(' '))
  assert.deepEqual(words, [
    's_asks d_admits observe_leader s_performs',
    's_asks observe_destination d_admits s_performs',
  ])
  assert.throws(() => doctored('brake', []), /no trace of brake has a s_performs/)
})

test('every mutation that has to be found is one of its model', () => {
  for (const { name, mutations, searches } of models)
    for (const { name: mutation, search } of mutations) {
      assert.match(modelText(name), new RegExp(`^#ifn?def ${mutation}$`, 'm'), `${name} ${mutation}`)
      assert.ok(searches[search] !== undefined, `${name} ${mutation}`)
    }
})
