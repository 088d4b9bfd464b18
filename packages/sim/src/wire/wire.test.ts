/** A world behind a socket: its driver is one like any other, and what is said over the wire arrives as it was meant. */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { type Hypervisor, HypervisorError, type HypervisorEvent } from '@drover/agent/runtime'
import { hypervisorCompliance } from '../../../agent/src/hypervisor/compliance.ts'
import { waitUntil } from '../harness/wait.ts'
import { complianceWorld } from '../testing/compliance-world.ts'
import { type ServedWorld, serveWorld } from './serve-world.ts'
import {
  createHypervisor,
  createSocketHypervisor,
  placeOf,
  type SocketHypervisorInit,
} from './socket-hypervisor.ts'

const patienceMs = 20_000

const servedWorld = async () => {
  const directory = mkdtempSync(join(tmpdir(), 'drover-wire-'))
  const { clock, world, vm, controls } = complianceWorld()
  const path = join(directory, 'world.sock')
  const faults: string[] = []
  const serve = (): Promise<ServedWorld> =>
    serveWorld({ world, path, options: { progressMs: 20 }, onFault: (text) => faults.push(text) })
  let served = await serve()
  return {
    world,
    vm,
    controls,
    path,
    faults,
    /** The process that keeps the world dies, and another one takes its place. */
    async again() {
      await served.close()
      served = await serve()
    },
    async close() {
      await served.close()
      clock.stop()
      rmSync(directory, { recursive: true })
    },
  }
}

/** Closed when the test ends, however it ends. */
const servedUntilTheEnd = async (context: TestContext) => {
  const served = await servedWorld()
  context.after(served.close)
  return {
    ...served,
    driver(init: Omit<SocketHypervisorInit, 'socket'>): Hypervisor {
      const hypervisor = createSocketHypervisor({ socket: served.path, ...init })
      context.after(() => hypervisor.close())
      return hypervisor
    },
  }
}

hypervisorCompliance('simulated, over a socket', async () => {
  const { controls, path, close } = await servedWorld()
  const source = createSocketHypervisor({ socket: path, host: 'source' })
  const destination = createSocketHypervisor({ socket: path, host: 'destination' })
  source.open()
  destination.open()
  return {
    source,
    destination,
    ...controls,
    patienceMs,
    async close() {
      await Promise.all([source.close(), destination.close()])
      await close()
    },
  }
})

test('an agent that dies leaves its migration running, and the next one at its place hears how it ended', async (context) => {
  const { world, vm, path, faults } = await servedUntilTheEnd(context)
  const uri = `sim+unix://${path}?host=source`
  const first = createHypervisor({ uri })
  first.open()
  await waitUntil(() => first.connected, patienceMs)
  const lost = first.migrate({
    vm,
    to: 'sim://destination',
    handOverPaused: false,
    bandwidthMiBps: 400,
  })
  await waitUntil(() => world.migrations().length === 1, patienceMs)
  await first.close()
  assert.deepEqual(await lost, { kind: 'unknown', code: 'hypervisor.unreachable', detail: 'closed' })
  assert.equal(world.migrations().length, 1)
  await assert.rejects(first.sample(), { code: 'hypervisor.unreachable' })

  const events: HypervisorEvent[] = []
  const second = createHypervisor({ uri })
  second.events((event) => events.push(event))
  second.open()
  context.after(() => second.close())
  await waitUntil(() => events.some((event) => event.kind === 'changed' && event.what === 'left'), patienceMs)
  assert.equal(await second.locate(vm), 'absent')
  assert.equal(await second.locate(vm, 'sim://destination'), 'running')
  await assert.rejects(
    second.abort(vm),
    (error: unknown) => error instanceof HypervisorError && error.code === 'vm.absent',
  )
  assert.deepEqual(faults, [])
})

test('a world that dies is a hypervisor that is unreachable, until it is back', async (context) => {
  const { again, driver } = await servedUntilTheEnd(context)
  const hypervisor = driver({ host: 'source', retryMs: 10 })
  const events: HypervisorEvent[] = []
  hypervisor.events((event) => events.push(event))
  assert.equal(hypervisor.trouble, 'not opened')
  hypervisor.open()
  await waitUntil(() => hypervisor.connected, patienceMs)
  await again()
  await waitUntil(() => events.length === 3, patienceMs)
  assert.deepEqual(
    events.map(({ kind }) => kind),
    ['connected', 'disconnected', 'connected'],
  )
  assert.equal(hypervisor.trouble, null)
})

test('a call that the world does not answer ends by itself', async (context) => {
  const { world, driver } = await servedUntilTheEnd(context)
  const hypervisor = driver({ host: 'source', timeoutMs: 20 })
  hypervisor.open()
  await waitUntil(() => hypervisor.connected, patienceMs)
  world.daemon('source', 'hung')
  await assert.rejects(hypervisor.host(), { code: 'hypervisor.timeout' })
})

test('a host that the world does not have, garbage, and a URI of another kind are refused in words', async (context) => {
  const { path, driver } = await servedUntilTheEnd(context)
  const nowhere = driver({ host: 'h9' })
  nowhere.open()
  await waitUntil(() => nowhere.trouble === 'no host h9', patienceMs)
  await nowhere.close()

  for (const line of ['no JSON', '{"number":1,"call":{"name":"host"}}', '{"hello":"source","and":1}']) {
    const told = await new Promise<string>((resolve) => {
      let text = ''
      const socket = connect(path, () => socket.write(`${line}\n`))
      socket.on('data', (data) => {
        text += data.toString()
      })
      socket.on('end', () => resolve(text))
    })
    assert.match(told, /^\{"kind":"refused","text":"(no JSON|asked before|not understood)/)
  }
  assert.throws(() => placeOf('qemu:///system'), TypeError)
  assert.deepEqual(placeOf('sim+unix:///run/my%20world.sock?host=h1'), {
    socket: '/run/my world.sock',
    host: 'h1',
  })
})
