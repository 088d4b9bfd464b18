// A request may be read late: its sender has given up by then, or is dead; and what it asks for may not be possible any more.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Hypervisor } from '@drover/agent/runtime'
import type { VmId } from '@drover/protocol'
import { type SmallWorld, smallWorld } from '../testing/small-world.ts'
import type { RequestKind } from './faults.ts'

/** How a call ended, as a word; `open` until then. */
const heard = (call: Promise<unknown>): { word: string } => {
  const end = { word: 'open' }
  call.then(
    () => {
      end.word = 'done'
    },
    (error) => {
      end.word = error.code
    },
  )
  return end
}

interface Asked {
  readonly call: Exclude<RequestKind, 'migrate' | 'abort' | 'setAutostart'>
  readonly before: 'running' | 'held' | 'shut' | 'saved'
  readonly after: string
}

/** In which state the VM is made. */
const states = { running: 'running', held: 'paused', shut: 'shut', saved: 'running' } as const

const requests: readonly Asked[] = [
  { call: 'resume', before: 'held', after: 'running' },
  { call: 'start', before: 'shut', after: 'running' },
  { call: 'shutdown', before: 'running', after: 'shut' },
  { call: 'save', before: 'running', after: 'saved' },
  { call: 'restore', before: 'saved', after: 'running' },
]

const prepared = async ({ before }: Asked): Promise<SmallWorld & { id: VmId; h1: Hypervisor }> => {
  const small = smallWorld(1)
  const id = small.vm('v', 'h1', { state: states[before] })
  const h1 = small.driver('h1')
  if (before === 'saved') await h1.save(id)
  return { ...small, id, h1 }
}

test('each request is carried out when it is read: its sender has heard of a time-out, or lives no more', async () => {
  for (const asked of requests)
    for (const killed of [false, true]) {
      const { clock, world, id, h1, driver } = await prepared(asked)
      world.fail({ fault: { kind: 'late', delayMs: 20_000, call: asked.call } })
      const end = heard(h1[asked.call](id))
      await clock.advance(10_000)
      const patient = asked.call === 'resume' || asked.call === 'shutdown' ? 'hypervisor.timeout' : 'open'
      assert.equal(end.word, patient, asked.call)
      assert.equal(await h1.locate(id), asked.before)
      if (killed) await h1.close()
      await clock.advance(11_000)
      assert.equal(await driver('h1').locate(id), asked.after, `${asked.call}, killed ${killed}`)
      if (!killed) assert.equal(end.word, patient === 'open' ? 'done' : patient)
      assert.equal(clock.pending, 0)
    }
})

test('a daemon that is stuck, or hangs while it has requests, reads them when it is up; one that dies forgets them', async () => {
  for (const asked of requests)
    for (const state of ['stuck', 'hung', 'down'] as const) {
      const { clock, world, id, h1 } = await prepared(asked)
      if (state === 'stuck') world.daemon('h1', 'stuck')
      else world.slow('h1', 1_000)
      void heard(h1[asked.call](id))
      await clock.advance(1_500)
      world.daemon('h1', state)
      await clock.advance(30_000)
      world.slow('h1', 0)
      world.daemon('h1', 'up')
      assert.equal(
        await h1.locate(id),
        state === 'down' ? asked.before : asked.after,
        `${asked.call} ${state}`,
      )
    }
})

test('a stuck daemon says what it knows; one that hangs says nothing, and is given up', async () => {
  const { clock, world, id, h1 } = await prepared(requests[0]!)
  const told: string[] = []
  h1.events((event) => told.push(event.kind))
  await clock.advance(1)
  world.daemon('h1', 'stuck')
  assert.equal(await h1.locate(id), 'held')
  world.daemon('h1', 'hung')
  const end = heard(h1.locate(id))
  await clock.advance(6_000)
  assert.deepEqual([end.word, h1.connected], ['hypervisor.timeout', true])
  await clock.advance(10_000)
  assert.deepEqual([h1.connected, told], [false, ['disconnected']])
  world.daemon('h1', 'up')
  assert.deepEqual([h1.connected, told.at(-1)], [true, 'connected'])
})

test('each call to a slow daemon takes so long; one that is slower than a call waits gives no answer', async () => {
  const { clock, world, id, h1 } = await prepared(requests[0]!)
  world.slow('h1', 2_000)
  const look = heard(h1.sample())
  const resumed = heard(h1.resume(id))
  await clock.advance(2_000)
  assert.deepEqual([look.word, resumed.word], ['done', 'open'])
  await clock.advance(2_000)
  assert.equal(resumed.word, 'done')
  world.slow('h1', 6_000)
  const never = heard(h1.sample())
  await clock.advance(5_000)
  assert.equal(never.word, 'hypervisor.timeout')
})

test('a request is judged when it is read', async () => {
  const { clock, world, vm, driver } = smallWorld(2)
  const id = vm('v', 'h1', { state: 'paused' })
  const h1 = driver('h1', { timeoutMs: 60_000 })
  world.fail({ fault: { kind: 'late', delayMs: 10_000, call: 'resume' } })
  const gone = heard(h1.resume(id))
  await clock.advance(1_000)
  world.byHand.destroy(id, 'h1')
  await clock.advance(10_000)
  assert.equal(gone.word, 'vm.absent')

  const other = vm('w', 'h1')
  world.fail({ fault: { kind: 'late', delayMs: 10_000 } })
  const refused = h1.migrate({ vm: other, to: 'sim://h2', handOverPaused: true, bandwidthMiBps: null })
  await clock.advance(1_000)
  vm('big', 'h2', { memoryMiB: 32_000 })
  await clock.advance(10_000)
  assert.equal((await refused).kind, 'refused')
})

test('an abort that is read late may find no migration, or another one', async () => {
  for (const [delayMs, word, at] of [
    [12_000, 'hypervisor.refused', 'absent'],
    [24_000, 'done', 'running'],
  ] as const) {
    const { clock, world, vm, driver } = smallWorld(2)
    const id = vm('v', 'h1')
    const [h1, h2] = [driver('h1', { timeoutMs: 60_000 }), driver('h2')]
    const move = (to: string) => ({ vm: id, to: `sim://${to}`, handOverPaused: false, bandwidthMiBps: null })
    world.fail({ fault: { kind: 'late', delayMs, call: 'abort' } })
    void h1.migrate(move('h2'))
    await clock.advance(1_000)
    const late = heard(h1.abort(id))
    await clock.advance(9_000)
    assert.equal(await h2.locate(id), 'running')
    void h2.migrate(move('h1'))
    await clock.advance(9_000)
    assert.equal(await h1.locate(id), 'running')
    void h1.migrate(move('h2'))
    await clock.advance(20_000)
    assert.deepEqual([late.word, await h1.locate(id)], [word, at])
  }
})
