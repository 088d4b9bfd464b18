/**
 * The hypervisor port's compliance suite: what every driver must do, told as stories. A driver's test calls
 *
 *     hypervisorCompliance('simulated', async () => world)
 *
 * `makeWorld` is called once per story and gives a fresh VM that runs on the first of two hosts; the hosts may be
 * the same ones each time. Knobs that a driver's test cannot turn are left out: their stories are skipped.
 */
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import type { VmId } from '@drover/protocol'
import { type ComplianceWorld, type Stage, stageOf } from './compliance-stage.ts'
import {
  type Hypervisor,
  HypervisorError,
  type HypervisorErrorCode,
  type HypervisorEvent,
  type MigrationProgress,
  type Presence,
} from './hypervisor-port.ts'

export type { ComplianceWorld } from './compliance-stage.ts'

/** A VM that no hypervisor has. */
const nobody = '00000000-dead-4bad-8bad-000000000000' as VmId

const fails =
  (...codes: HypervisorErrorCode[]) =>
  (error: unknown): boolean =>
    error instanceof HypervisorError && (codes.length === 0 || codes.includes(error.code))

type Knob = 'pauseByOwner' | 'destroyByOwner' | 'killDaemon' | 'startDaemon'
type Needs = Knob | 'persistent'
interface Story {
  readonly title: string
  readonly needs: readonly Needs[]
  readonly tell: (stage: Stage) => Promise<void>
}

const stories: Story[] = []
const story = (title: string, needs: readonly Needs[], tell: Story['tell']): void => {
  stories.push({ title, needs, tell })
}

// --- looking

story('a host says what it is, and where others reach it', [], async ({ source, destination }) => {
  const [a, b] = await Promise.all([source.host(), destination.host()])
  assert.ok(a.capacity.cpuMilli > 0 && a.capacity.memoryMiB > 0)
  assert.notEqual(a.migrationUri, b.migrationUri)
  assert.notEqual(a.name, b.name)
  assert.equal(source.trouble, null)
})

story(
  'a VM is seen where it runs; its demand is known once it was watched for a while',
  [],
  async (stage) => {
    const { source, destination, vm, eventually } = stage
    const first = (await source.sample()).vms.find((one) => one.vm === vm)
    assert.equal(first?.state, 'running')
    assert.ok(first.memoryMiB > 0 && first.vcpus > 0)
    assert.equal(first.cpuMilli, null)
    // A guest works in bursts: a driver answers for a second or so, and for less it says that it does not know.
    const again = async () => (await source.sample()).vms.find((one) => one.vm === vm)
    await eventually(async () => Number.isFinite((await again())?.cpuMilli), true)
    assert.equal((await again())?.incarnation, first.incarnation)
    assert.equal(
      (await destination.sample()).vms.find((one) => one.vm === vm),
      undefined,
    )
  },
)

story('each hypervisor tells where the VM is, and so does a third party', [], async (stage) => {
  const { source, destination, vm, to } = stage
  assert.equal(await source.locate(vm), 'running')
  assert.equal(await destination.locate(vm), 'absent')
  assert.equal(await source.locate(vm, to), 'absent')
  assert.equal(await destination.locate(vm, (await source.host()).migrationUri), 'running')
  const nowhere = fails('hypervisor.unreachable', 'not_supported')
  await assert.rejects(source.locate(vm, 'nowhere://nobody/system'), nowhere)
})

story('a VM that no host has is absent everywhere, and nothing can be done to it', [], async ({ source }) => {
  assert.equal(await source.locate(nobody), 'absent')
  const { resume, save, shutdown, abort } = source
  for (const act of [resume, save, shutdown, abort])
    await assert.rejects(act.call(source, nobody), fails('vm.absent'))
})

// --- moving

story('a migration that is done leaves the VM there, running, and nothing here', [], async (stage) => {
  const { source, destination, vm } = stage
  const changed = { source: false, destination: false }
  const watch = (side: keyof typeof changed) => (event: HypervisorEvent) => {
    if (event.kind === 'changed' && event.vm === vm) changed[side] = true
  }
  const ends = [source.events(watch('source')), destination.events(watch('destination'))]
  const result = await source.migrate(stage.request())
  assert.equal(result.kind, 'done', JSON.stringify(result))
  assert.equal(await source.locate(vm), 'absent')
  assert.equal(await destination.locate(vm), 'running')
  assert.deepEqual([...(await source.jobs()), ...(await destination.jobs())], [])
  await stage.eventually(() => changed.source && changed.destination, true)
  for (const end of ends) end()
  // Its counters begin anew: the first look after the arrival knows no demand.
  assert.equal((await destination.sample()).vms.find((one) => one.vm === vm)?.cpuMilli, null)
})

story('handed over paused, the VM waits for its resume, here or from elsewhere', [], async (stage) => {
  const { source, destination, vm, to } = stage
  const result = await source.migrate(stage.request({ handOverPaused: true }))
  assert.equal(result.kind, 'done', JSON.stringify(result))
  assert.equal(await destination.locate(vm), 'paused')
  const pausedBy = async () => (await destination.sample()).vms.find((one) => one.vm === vm)?.pausedBy
  assert.equal(await pausedBy(), 'migration')
  await source.resume(vm, to)
  assert.equal(await pausedBy(), null)
  assert.equal(await destination.locate(vm), 'running')
  await destination.resume(vm) // again: no error
})

story('a pause is no lack of demand: after it the VM is measured anew', ['pauseByOwner'], async (stage) => {
  const { source, vm, eventually } = stage
  const look = async () => (await source.sample()).vms.find((one) => one.vm === vm)
  await eventually(async () => Number.isFinite((await look())?.cpuMilli), true)
  await stage.pauseByOwner?.()
  await eventually(async () => (await look())?.state, 'paused')
  await source.resume(vm)
  await eventually(() => source.locate(vm), 'running')
  assert.equal((await look())?.cpuMilli, null)
  await eventually(async () => Number.isFinite((await look())?.cpuMilli), true)
})

story(
  'that a VM starts with its host is said again and again, and does not come along when it moves',
  ['persistent'],
  async (stage) => {
    const { source, destination, vm } = stage
    const startsWith = async (at: Hypervisor) =>
      (await at.sample()).vms.find((one) => one.vm === vm)?.autostart
    await source.setAutostart(vm)
    await source.setAutostart(vm)
    await stage.eventually(() => startsWith(source), true)
    const result = await source.migrate(stage.request())
    assert.equal(result.kind, 'done', JSON.stringify(result))
    assert.equal(await startsWith(destination), false)
    await assert.rejects(source.setAutostart(vm), fails('vm.absent'))
    await destination.setAutostart(vm)
    assert.equal(await startsWith(destination), true)
  },
)

story('while it moves, both ends say so, and the copy that arrives is not counted', [], async (stage) => {
  const { source, destination, vm } = stage
  const { result } = await stage.underWay()
  const running = async (at: Hypervisor) => (await at.jobs()).map((job) => `${job.vm} ${job.direction}`)
  assert.deepEqual(await running(source), [`${vm} outgoing`])
  assert.deepEqual(await running(destination), [`${vm} incoming`])
  assert.equal((await source.sample()).vms.find((one) => one.vm === vm)?.state, 'running')
  assert.equal(
    (await destination.sample()).vms.find((one) => one.vm === vm),
    undefined,
  )
  // No call may start the half-arrived copy.
  await assert.rejects(destination.resume(vm), fails())
  assert.equal(await destination.locate(vm), 'incoming')
  await source.abort(vm)
  await result
})

story('progress is told, and a higher limit ends a slow migration soon', [], async (stage) => {
  const { source, destination, vm } = stage
  const told: MigrationProgress[] = []
  const result = source.migrate(stage.request({ bandwidthMiBps: stage.slowMiBps }), (one) => told.push(one))
  await stage.eventually(() => told.some((one) => one.transferredMiB > 0), true)
  await source.limit(vm, stage.fastMiBps)
  const ended = await result
  assert.equal(ended.kind, 'done', JSON.stringify(ended))
  assert.equal(await destination.locate(vm), 'running')
  for (const [i, one] of told.entries()) {
    assert.ok(one.transferredMiB >= 0 && one.remainingMiB >= 0)
    assert.ok(one.elapsedMs >= (told[i - 1]?.elapsedMs ?? 0))
  }
})

story('an aborted migration is refused: the VM runs on where it was', [], async (stage) => {
  const { source, destination, vm } = stage
  const { result } = await stage.underWay()
  await source.abort(vm)
  const ended = await result
  assert.equal(ended.kind, 'refused', JSON.stringify(ended))
  assert.equal(await source.locate(vm), 'running')
  await stage.eventually<Presence>(() => destination.locate(vm), 'absent')
  assert.deepEqual(await source.jobs(), [])
  await assert.rejects(source.abort(vm), fails('hypervisor.refused'))
})

story('a running migration tells how much it has sent so far', [], async (stage) => {
  const { source, vm } = stage
  const sent = async () => (await source.jobs()).find((job) => job.vm === vm)?.sentMiB ?? 0
  const { result } = await stage.underWay()
  await stage.eventually(async () => (await sent()) > 0, true)
  const first = await sent()
  await stage.eventually(async () => (await sent()) > first, true)
  await source.abort(vm)
  await result
})

story(
  'where no migration leaves there is nothing to abort: neither a VM that rests, nor a copy that comes',
  [],
  async (stage) => {
    const { source, destination, vm } = stage
    await assert.rejects(source.abort(vm), fails('hypervisor.refused'))
    assert.equal(await source.locate(vm), 'running')
    const { result } = await stage.underWay()
    await assert.rejects(destination.abort(vm), fails())
    assert.equal(await source.locate(vm), 'outgoing')
    assert.equal(await destination.locate(vm), 'incoming')
    await source.limit(vm, stage.fastMiBps)
    assert.equal((await result).kind, 'done')
    await assert.rejects(source.abort(vm), fails('vm.absent'))
    assert.equal(await destination.locate(vm), 'running')
  },
)

story('a second migration of the same VM is not begun, and does not hurt the first', [], async (stage) => {
  const { source, vm } = stage
  const { result } = await stage.underWay()
  const second = await source.migrate(stage.request())
  assert.notEqual(second.kind, 'done')
  assert.equal(await source.locate(vm), 'outgoing')
  await source.limit(vm, stage.fastMiBps)
  assert.equal((await result).kind, 'done')
})

story('a migration to nowhere is refused; one of a VM that is not here is not done', [], async (stage) => {
  const { source, vm } = stage
  const nowhere = await source.migrate(stage.request({ to: 'nowhere://nobody/system' }))
  assert.equal(nowhere.kind, 'refused', JSON.stringify(nowhere))
  assert.equal(await source.locate(vm), 'running')
  assert.notEqual((await source.migrate(stage.request({ vm: nobody }))).kind, 'done')
})

// --- what owners do

story('a VM that its owner paused stays paused when it moves', ['pauseByOwner'], async (stage) => {
  const { source, destination, vm } = stage
  await stage.pauseByOwner?.()
  await stage.eventually<Presence>(() => source.locate(vm), 'held')
  const pausedBy = (await source.sample()).vms.find((one) => one.vm === vm)?.pausedBy
  assert.equal(pausedBy, 'owner')
  const result = await source.migrate(stage.request())
  assert.equal(result.kind, 'done', JSON.stringify(result))
  // libvirt no longer knows whose pause it was.
  const there = await destination.locate(vm)
  assert.ok(there === 'paused' || there === 'held', there)
})

story('a VM that its owner destroys on the way did not move', ['destroyByOwner'], async (stage) => {
  const { destination, vm } = stage
  const { result } = await stage.underWay()
  await stage.destroyByOwner?.()
  const ended = await result
  assert.equal(ended.kind, 'unknown', JSON.stringify(ended))
  await stage.eventually<Presence>(() => destination.locate(vm), 'absent')
})

story('a saved VM releases the host and comes back', ['persistent'], async ({ source, vm }) => {
  await source.save(vm)
  assert.equal(await source.locate(vm), 'saved')
  assert.equal(
    (await source.sample()).vms.find((one) => one.vm === vm),
    undefined,
  )
  await source.restore(vm)
  assert.equal(await source.locate(vm), 'running')
})

// --- when daemons die

story(
  'the destination’s daemon dies on the way: not done, and the VM runs on',
  ['killDaemon', 'startDaemon'],
  async (stage) => {
    const { source, destination, vm } = stage
    const { result } = await stage.underWay()
    await stage.killDaemon?.('destination')
    const ended = await result
    assert.notEqual(ended.kind, 'done')
    assert.equal(await source.locate(vm), 'running')
    await stage.startDaemon?.('destination')
    await stage.eventually(() => destination.connected, true)
    await stage.eventually<Presence>(() => destination.locate(vm), 'absent')
  },
)

story(
  'the source’s daemon dies on the way: the answer is what is seen afterwards',
  ['killDaemon', 'startDaemon'],
  async (stage) => {
    const { source, destination, vm } = stage
    const seen: HypervisorEvent['kind'][] = []
    const end = source.events((event) => seen.push(event.kind))
    const { result } = await stage.underWay()
    await stage.killDaemon?.('source')
    await stage.eventually(() => source.connected, false)
    assert.notEqual(source.trouble, null)
    await assert.rejects(source.sample(), fails('hypervisor.unreachable'))
    await assert.rejects(source.locate(vm), fails('hypervisor.unreachable'))
    await stage.startDaemon?.('source')
    await stage.eventually(() => source.connected, true)
    assert.equal(source.trouble, null)
    const ended = await result
    await stage.eventually(async () => (await source.jobs()).length + (await destination.jobs()).length, 0)
    const [here, there] = [await source.locate(vm), await destination.locate(vm)]
    // Exactly one copy, whatever the answer; and an answer that commits itself must be right.
    assert.deepEqual([here, there].filter((one) => one === 'running').length, 1, `${here}, ${there}`)
    if (ended.kind === 'done') assert.equal(here, 'absent')
    if (ended.kind === 'refused') assert.equal(here, 'running')
    assert.ok(seen.indexOf('connected', seen.indexOf('disconnected')) > 0)
    end()
  },
)

story('after close nothing is told any more, and calls fail at once', [], async (stage) => {
  const { source } = stage
  let told = 0
  source.events((event) => {
    if (event.kind === 'changed') told += 1
  })
  await source.close()
  assert.equal(source.connected, false)
  await assert.rejects(source.sample(), fails('hypervisor.unreachable'))
  assert.equal(told, 0)
})

/** Registers the stories with node:test, one test each, one after the other. */
export const hypervisorCompliance = (name: string, makeWorld: () => Promise<ComplianceWorld>): void => {
  for (const { title, needs, tell } of stories)
    test(`${name}: ${title}`, async (t: TestContext) => {
      const world = await makeWorld()
      try {
        const lacks = needs.filter((knob) => world[knob] === undefined || world[knob] === false)
        if (lacks.length > 0) return t.skip(`this driver's test has no ${lacks.join(', ')}`)
        await tell(await stageOf(world))
      } finally {
        await world.close()
      }
    })
}
