/** The driver lives through daemons that come late, die and come back, and tells its listeners each time. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import type { VmId } from '@drover/protocol'
import { HypervisorError, type HypervisorEvent } from '../hypervisor-port.ts'
import { writeDomain } from './domain.ts'
import { createLibvirtHypervisor } from './driver.ts'
import { FakeDaemon } from './fake-daemon.ts'
import { allDomainStats, domainXml, listDomains } from './procedures.ts'
import { XdrWriter } from './xdr.ts'

const vm = 'ac02535e-ac84-4f51-be77-1e291ebb7c23' as VmId
const domain = { name: 'vm1', vm, id: 1 }

/** However busy the machine is; a test that waits in vain is ended by the runner. */
const until = async (condition: () => boolean): Promise<void> => {
  while (!condition()) await delay(10)
}

test('the daemon comes late, dies and comes back: the agent lives on and is told each time', async () => {
  await using daemon = new FakeDaemon()
  const hypervisor = createLibvirtHypervisor({ uri: daemon.uri, callMs: 2_000 })
  const seen: HypervisorEvent[] = []
  hypervisor.events((event) => seen.push(event))
  hypervisor.open()
  await until(() => /ENOENT/.test(hypervisor.trouble ?? ''))
  assert.equal(hypervisor.connected, false)
  await assert.rejects(
    hypervisor.sample(),
    (e) => e instanceof HypervisorError && e.code === 'hypervisor.unreachable',
  )
  await daemon.listen()
  await until(() => hypervisor.connected)
  assert.equal(hypervisor.trouble, null)
  await daemon.stop()
  await until(() => !hypervisor.connected)
  await daemon.listen()
  await until(() => hypervisor.connected)
  await hypervisor.close()
  assert.deepEqual(
    seen.map((event) => event.kind),
    ['connected', 'disconnected', 'connected', 'disconnected'],
  )
})

test('an event reaches every listener; one that throws harms no other', async () => {
  await using daemon = new FakeDaemon()
  await daemon.listen()
  const hypervisor = createLibvirtHypervisor({ uri: daemon.uri })
  const seen: HypervisorEvent[] = []
  hypervisor.events(() => {
    throw new Error('a bug elsewhere')
  })
  hypervisor.events((event) => seen.push(event))
  hypervisor.open()
  await until(() => hypervisor.connected)
  const writer = new XdrWriter()
  writer.int(0)
  writeDomain(writer, domain)
  writer.int(5) // stopped
  writer.int(3) // migrated
  daemon.message(318, writer.done())
  await until(() => seen.length === 2)
  assert.deepEqual(seen[1], { kind: 'changed', vm, what: 'stopped migrated' })
  assert.equal(hypervisor.connected, true)
  await hypervisor.close()
})

test('a VM whose XML makes no sense is shown, and stays where it is', async () => {
  await using daemon = new FakeDaemon()
  const stat = (w: XdrWriter, name: string, value: number): void => {
    w.string(name)
    w.int(4)
    w.uhyper(BigInt(value))
  }
  daemon.answer(allDomainStats, (w) =>
    w.array([domain], (one) => {
      writeDomain(w, one)
      const stats = { 'state.state': 1, 'balloon.current': 131072, 'vcpu.current': 2, 'vcpu.maximum': 2 }
      w.array(Object.entries(stats), ([name, value]) => stat(w, name, value))
    }),
  )
  daemon.answer(listDomains, (w) => {
    w.array([domain], (one) => writeDomain(w, one))
    w.uint(1)
  })
  daemon.answer(domainXml, (w) => w.string('<nonsense/>'))
  await daemon.listen()
  const warnings: string[] = []
  const hypervisor = createLibvirtHypervisor({
    uri: daemon.uri,
    dirtyRateMs: 0,
    logger: { warn: (message) => warnings.push(message) },
  })
  hypervisor.open()
  await until(() => hypervisor.connected)
  const [sample] = (await hypervisor.sample()).vms
  assert.equal(sample?.autostart, true)
  assert.equal(sample?.memoryMiB, 128)
  assert.equal(sample?.vcpus, 2)
  assert.equal(sample?.cpuMilli, null)
  assert.deepEqual(sample?.migratable, { movable: false, code: 'vm.unreadable' })
  assert.equal(warnings.length, 1)
  await hypervisor.close()
})

test('a link that is closed while it connects leaves no socket behind', async () => {
  // A test process that does not end would show it.
  await using daemon = new FakeDaemon()
  await daemon.listen()
  const hypervisor = createLibvirtHypervisor({ uri: daemon.uri })
  hypervisor.open()
  await hypervisor.close()
  await delay(50)
  assert.equal(hypervisor.connected, false)
  // On a busy machine the daemon learns of it later.
  for (let looks = 0; looks < 3_000 && daemon.sockets.size > 0; looks++) await delay(10)
  assert.equal(daemon.sockets.size, 0)
})
