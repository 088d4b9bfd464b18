/** The libvirt driver on two real hosts: every story of the hypervisor port's compliance suite. */
import assert from 'node:assert/strict'
import { chmod, rm, truncate, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { after, test } from 'node:test'
import type { VmId } from '@drover/protocol'
import { type ComplianceWorld, hypervisorCompliance } from '../../packages/agent/src/hypervisor/compliance.ts'
import { createLibvirtHypervisor } from '../../packages/agent/src/hypervisor/libvirt/index.ts'
import { type Guest, type Host, Testbed, until } from '../testbed/testbed.ts'
import { assertPrepared, impossible } from './kit.ts'

/** Made by the first story: a file in which no story runs starts nothing. */
let bed: Testbed | null = null
let guest: Guest | null = null
let guests = 0

after(async () => {
  await bed?.down()
})

/**
 * The hosts' daemons reached through their sockets: the test stands outside of their network. From one daemon to the
 * other as well, while the guest's memory takes the network.
 */
const socketOf = (host: Host): string => `qemu+unix:///system?socket=${host.libvirtSocket}`
const driverOf = (host: Host, other: Host) => {
  const uri = socketOf(host)
  const peerSockets = [socketOf(other)]
  return createLibvirtHypervisor({ uri, migrationUri: uri, peerSockets, progressMs: 100, dirtyRateMs: 0 })
}

/**
 * libvirt says of a copy that arrived paused what it says of a VM that its owner paused: the driver tells them apart by
 * whether the VM has executed here. On a busy machine a guest may wait long for that; no story may come before it.
 */
const hasExecuted = (one: Guest, host: Host): Promise<true> =>
  until(`${one.name} has executed on ${host.name}`, 60_000, async () => {
    const stats = await host.virsh(['domstats', '--vcpu', one.uuid])
    const ns = Number(/vcpu\.0\.time=(\d+)/.exec(stats)?.[1] ?? 0)
    return ns >= 60_000_000 ? true : null
  })

/** The guest of the story before, if it still runs; booting a new one is what takes time. */
const guestOn = async (home: Host, away: Host): Promise<Guest> => {
  const places = (await guest?.where()) ?? []
  const only = places.length === 1 && places[0]!.state === 'running' ? places[0]!.host : null
  if (guest !== null && only === home.name) return guest
  if (guest !== null && only === away.name) {
    await bed!.migrate(guest, away, home, ['--persistent', '--undefinesource'])
    await hasExecuted(guest, home)
    return guest
  }
  guests += 1
  guest = await bed!.vm(home, `driver-${guests}`, { persistent: true })
  await bed!.ready(guest)
  return guest
}

const makeWorld = async (): Promise<ComplianceWorld> => {
  assertPrepared()
  bed ??= await Testbed.up({ hosts: 2 })
  const hosts = { source: bed.host(1), destination: bed.host(2) }
  const source = driverOf(hosts.source, hosts.destination)
  const destination = driverOf(hosts.destination, hosts.source)
  source.open()
  destination.open()
  // As with an agent, what happens to the guest from here on is told by events, too.
  await until('both drivers are connected', 30_000, () => (source.connected && destination.connected) || null)
  const { uuid } = await guestOn(hosts.source, hosts.destination)
  return {
    source,
    destination,
    vm: uuid as VmId,
    slowMiBps: 2,
    fastMiBps: 1000,
    pollMs: 50,
    patienceMs: 30_000,
    persistent: true,
    pauseByOwner: async () => {
      await hosts.source.virsh(['suspend', uuid])
    },
    destroyByOwner: async () => {
      await hosts.source.virsh(['destroy', uuid])
    },
    killDaemon: (of) => hosts[of].killLibvirtd(),
    startDaemon: (of) => hosts[of].startLibvirtd(),
    close: async () => {
      await source.close()
      await destination.close()
    },
  }
}

const skip = impossible()
if (skip === null) hypervisorCompliance('libvirt', makeWorld)

test(
  'a persistent VM is defined where it has come, and starts with its host there; a transient one gains no definition',
  skip === null ? {} : { skip },
  async () => {
    // S3: a definition left behind, or an autostart lost, shows only at the next boot. libvirt does not carry autostart, and
    // refuses it for a VM without a definition.
    const world = await makeWorld()
    const [here, there] = [bed!.host(1), bed!.host(2)]
    await here.virsh(['autostart', world.vm])
    const to = (await world.destination.host()).migrationUri
    const move = { to, handOverPaused: false, bandwidthMiBps: null }
    const moved = await world.source.migrate({ vm: world.vm, ...move })
    assert.equal(moved.kind, 'done', JSON.stringify(moved))
    const info = () => there.virsh(['dominfo', world.vm])
    assert.match(await info(), /Persistent: +yes/)
    assert.match(await info(), /Autostart: +disable/)
    await world.destination.setAutostart(world.vm)
    assert.match(await info(), /Autostart: +enable/)
    const transient = await bed!.vm(here, 'driver-transient')
    const left = await world.source.migrate({ vm: transient.uuid as VmId, ...move })
    assert.equal(left.kind, 'done', JSON.stringify(left))
    assert.match(await there.virsh(['dominfo', transient.uuid]), /Persistent: +no/)
    const unset = { code: 'hypervisor.refused' }
    await assert.rejects(world.destination.setAutostart(transient.uuid as VmId), unset)
    assert.equal((await here.virsh(['list', '--all', '--uuid'])).includes(world.vm), false)
    await world.close()
  },
)

test(
  'what libvirt will not migrate now is seen before it is tried: snapshots, a copy of a disk, a backup; and no more than that',
  skip === null ? {} : { skip },
  async () => {
    const world = await makeWorld()
    const [here, there] = [bed!.host(1), bed!.host(2)]
    const { uuid, name } = await bed!.vm(here, 'driver-fixed', { persistent: true })
    const vm = uuid as VmId
    const logs = dirname(/<log file='([^']+)'/.exec(await here.virsh(['dumpxml', uuid]))?.[1] ?? '')
    const uri = socketOf(here)
    await using driver = Object.assign(
      createLibvirtHypervisor({
        uri,
        migrationUri: uri,
        peerSockets: [socketOf(there)],
        sharedPaths: [logs],
        dirtyRateMs: 0,
      }),
      { [Symbol.asyncDispose]: () => driver.close() },
    )
    driver.open()
    await until('the driver is connected', 30_000, () => driver.connected || null)
    /** As an agent looks: VMs, then jobs. */
    const look = async (): Promise<string> => {
      const { vms } = await driver.sample()
      await driver.jobs()
      const seen = vms.find((one) => one.vm === vm)?.migratable
      return seen === undefined ? 'absent' : seen.movable ? 'movable' : seen.code
    }
    const becomes = (code: string) =>
      until(`${name} is ${code}`, 30_000, async () => ((await look()) === code ? true : null))
    const raw = join(logs, `${name}.raw`)
    await writeFile(raw, '')
    await truncate(raw, 16 * 1_048_576)
    await chmod(raw, 0o666)
    await becomes('movable')

    await here.virsh(['attach-disk', uuid, raw, 'vda', '--driver', 'qemu', '--subdriver', 'raw'])
    const copy = [
      'blockcopy',
      uuid,
      'vda',
      join(logs, `${name}.qcow2`),
      '--format',
      'qcow2',
      '--transient-job',
    ]
    await here.virsh([...copy, '--bandwidth', '1'])
    await becomes('vm.job_active')
    await here.virsh(['blockjob', uuid, 'vda', '--abort'])
    await becomes('movable')
    await rm(join(logs, `${name}.qcow2`))
    await here.virsh([...copy, '--wait', '--pivot'])

    const backup = join(logs, `${name}.xml`)
    const scratch = `<disks><disk name='vda' type='file'><scratch file='${join(logs, `${name}.scratch`)}'/></disk></disks>`
    const server = `<server transport='unix' socket='${join(logs, `${name}.nbd`)}'/>`
    await writeFile(backup, `<domainbackup mode='pull'>${server}${scratch}</domainbackup>`)
    await here.virsh(['backup-begin', uuid, backup])
    await becomes('vm.job_active')
    await here.virsh(['domjobabort', uuid])
    await becomes('movable')

    await here.virsh(['snapshot-create-as', uuid, 'without', '--disk-only', '--no-metadata'])
    await here.virsh(['checkpoint-create-as', uuid, 'since'])
    assert.equal(await look(), 'movable', 'neither is in the way')
    await here.virsh(['snapshot-create-as', uuid, 'kept', '--disk-only'])
    await becomes('vm.snapshot')
    const to = (await world.destination.host()).migrationUri
    const request = { vm, to, handOverPaused: false, bandwidthMiBps: null }
    const refused = await driver.migrate(request)
    assert.ok(refused.kind === 'refused' && /with 1 snapshots/.test(refused.detail), JSON.stringify(refused))
    await here.virsh(['snapshot-delete', uuid, 'kept', '--metadata'])
    await becomes('movable')
    await here.virsh(['destroy', uuid])
    await here.virsh(['undefine', uuid, '--checkpoints-metadata'])
    await world.close()
  },
)
