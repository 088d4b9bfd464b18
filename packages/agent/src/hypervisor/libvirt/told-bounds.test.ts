/**
 * A daemon that lies, this host's or that of another host, costs an agent neither its time nor its memory nor its voice: what cannot be
 * so is said once, and counts as not told.
 */
import assert from 'node:assert/strict'
import { connect } from 'node:net'
import { test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import type { VmId } from '@drover/protocol'
import fc from 'fast-check'
import { cheap } from '../../testing/cheap.ts'
import { plainSampler } from '../../testing/plain-sampler.ts'
import type { Hypervisor, HypervisorEvent } from '../hypervisor-port.ts'
import { Connection } from './connection.ts'
import { cpuSumOf } from './cpu-counters.ts'
import { writeDomain } from './domain.ts'
import { createLibvirtHypervisor } from './driver.ts'
import { FakeDaemon } from './fake-daemon.ts'
import { hasRun } from './paused-by.ts'
import * as procedures from './procedures.ts'
import { jobFields, statsFields, textBytesMax, vmsKeptMax } from './told-bounds.ts'
import { readTypedParams } from './typed-params.ts'
import { XdrReader, XdrWriter } from './xdr.ts'

const vm = 'ac02535e-ac84-4f51-be77-1e291ebb7c23' as VmId
const domain = { name: 'vm1', vm, id: 1 }

type Told = readonly [name: string, write: (w: XdrWriter) => void]
const uint =
  (value: number) =>
  (w: XdrWriter): void => {
    w.int(2)
    w.uint(value)
  }
const double =
  (value: number) =>
  (w: XdrWriter): void => {
    w.int(5)
    w.double(value)
  }
const ullong =
  (value: bigint) =>
  (w: XdrWriter): void => {
    w.int(4)
    w.uhyper(value)
  }
const text =
  (value: string) =>
  (w: XdrWriter): void => {
    w.int(7)
    w.string(value)
  }
const list = (w: XdrWriter, told: readonly Told[]): void =>
  w.array(told, ([name, write]) => {
    w.string(name)
    write(w)
  })

const read = (told: readonly Told[], fields = statsFields) => {
  const w = new XdrWriter()
  list(w, told)
  const odd: string[] = []
  const values = readTypedParams(new XdrReader(w.done(), (what) => odd.push(what)), 1_000, fields)
  return { values: Object.fromEntries(values), odd }
}

/** A driver of this daemon; what it said of it. */
const driverOf = async (
  daemon: FakeDaemon,
  peers: readonly string[] = [],
): Promise<{ hypervisor: Hypervisor; odd: string[] } & AsyncDisposable> => {
  await daemon.listen()
  const hypervisor = createLibvirtHypervisor({ uri: daemon.uri, callMs: 5_000, peerSockets: peers })
  const odd: string[] = []
  hypervisor.events((event: HypervisorEvent) => {
    if (event.kind === 'implausible') odd.push(`${event.at === null ? 'here' : 'there'}: ${event.what}`)
  })
  hypervisor.open()
  while (!hypervisor.connected) await delay(5)
  return { hypervisor, odd, [Symbol.asyncDispose]: () => hypervisor.close() }
}

test('four billion vCPUs, or endlessly many, are not counted one by one', async () => {
  for (const vcpus of [4_294_967_295, Number.POSITIVE_INFINITY])
    await cheap(1_000, () => {
      const stats = new Map([
        ['vcpu.maximum', vcpus],
        ['vcpu.current', 1],
        ['vcpu.7.time', 1_000_000_000],
        ['vcpu.7.delay', 5],
      ])
      assert.deepEqual(cpuSumOf(stats), { source: '7', rank: 2, wantedNs: 1_000_000_005 })
      assert.equal(hasRun(stats), true)
    })
})

test('each value of a list is one that can be so, or was not told', () => {
  const told: readonly Told[] = [
    ['state.state', uint(99)],
    ['vcpu.current', uint(4_294_967_295)],
    ['vcpu.4095.time', ullong(7n)],
    ['vcpu.4096.time', ullong(7n)],
    ['vcpu.0.time', double(Number.POSITIVE_INFINITY)],
    ['vcpu.1.time', double(Number.NaN)],
    ['vcpu.2.time', double(-1)],
    ['balloon.maximum', ullong(2n ** 64n - 1n)],
    ['cpu.time', text('x'.repeat(1_000))],
    ['n'.repeat(100_000), uint(1)],
    ['something.new', uint(1)],
    ['dirtyrate.calc_status', uint(2)],
  ]
  const { values, odd } = read(told)
  assert.deepEqual(values, { 'vcpu.4095.time': 7, 'dirtyrate.calc_status': 2 })
  assert.deepEqual(odd, ['state.state: 99'], 'one is enough to say')
})

test('whatever a daemon tells, what is kept is finite and within its bounds', () => {
  const names = ['state.state', 'vcpu.current', 'vcpu.3.delay', 'balloon.current', 'operation', 'data_total']
  const value = fc.oneof(
    fc.maxSafeNat().map((n) => ullong(BigInt(n) * 2_048n)),
    fc.double().map(double),
    fc.nat().map(uint),
    fc.string().map(text),
  )
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.constantFrom(...names), value)), (told) => {
      for (const fields of [statsFields, jobFields])
        for (const [name, kept] of Object.entries(read(told, fields).values)) {
          const bound = fields(name)
          assert.ok(bound !== null && kept >= bound.min && kept <= bound.max, `${name}: ${kept}`)
        }
    }),
    { numRuns: 300 },
  )
})

test('a host that is described in megabytes is known by what is left', async () => {
  await using daemon = new FakeDaemon()
  const huge = 'x'.repeat(4_000_000)
  daemon.answer(procedures.hostname, (w) => w.string(huge))
  daemon.answer(procedures.libvirtVersion, (w) => w.uhyper(2n ** 64n - 1n))
  daemon.answer(procedures.hypervisorVersion, (w) => w.uhyper(7_002_022n))
  daemon.answer(procedures.capabilities, (w) =>
    w.string(`<capabilities><host><cpu><arch>${'y'.repeat(500_000)}</arch></cpu></host></capabilities>`),
  )
  daemon.answer(procedures.nodeInfo, (w) => {
    for (let i = 0; i < 32; i += 1) w.int(65)
    w.uhyper(2n ** 63n)
    w.int(-5)
    for (let i = 0; i < 5; i += 1) w.int(1)
  })
  daemon.answer(procedures.nodeMemory, (w) => {
    w.array([huge.slice(0, 100_000), 'total'], (name) => {
      w.string(name)
      w.uhyper(2n ** 64n - 1n)
    })
    w.int(-7)
  })
  await using driven = await driverOf(daemon)
  const { hypervisor, odd } = driven
  assert.deepEqual(await cheap(2_000, () => hypervisor.host()), {
    name: '',
    capacity: { cpuMilli: 0, memoryMiB: 0 },
    cpuBaseline: 'unknown/',
    migrationUri: '',
    version: 'libvirt of an unknown version, QEMU 7.2.22',
  })
  assert.ok(odd.includes("here: hostname: the host's name: 4000000 bytes"), odd.join('\n'))
  assert.ok(odd.includes('here: node info: the memory of the host: 9223372036854776000'), odd.join('\n'))
  assert.equal(hypervisor.connected, true)
})

test('VMs with a name or an XML of a megabyte, told twice, are shown by their UUID, and stay', async () => {
  await using daemon = new FakeDaemon()
  const name = 'n'.repeat(1_000_000)
  let xml = `<domain><name>${name}</name></domain>`
  daemon.answer(procedures.allDomainStats, (w) =>
    w.array([0, 1], () => {
      writeDomain(w, { ...domain, name })
      list(w, [
        ['state.state', uint(1)],
        ['vcpu.maximum', double(Number.POSITIVE_INFINITY)],
        ['balloon.current', ullong(131_072n)],
      ])
    }),
  )
  daemon.answer(procedures.listDomains, (w) => {
    w.array([], () => {})
    w.uint(0)
  })
  daemon.answer(procedures.domainXml, (w) => w.string(xml))
  await using driven = await driverOf(daemon)
  const { hypervisor, odd } = driven
  const look = async () => {
    const { vms } = await cheap(2_000, () => hypervisor.sample())
    assert.equal(vms.length, 1)
    assert.equal(vms[0]?.name, vm)
    return vms[0]?.migratable
  }
  assert.deepEqual(await look(), { movable: true }, 'its name in the XML is not read')
  assert.ok(odd.includes('here: all domain stats: a VM that is there twice'), odd.join('\n'))

  for (xml of [
    `<domain><name>${name.repeat(2)}</name></domain>`,
    `<domain><devices>${'<disk/>'.repeat(140_000)}</devices></domain>`,
    `<domain ${Array.from({ length: 60_000 }, (_, i) => `a${i}=""`).join(' ')}/>`,
    `${'<a>'.repeat(30_000)}${'</a>'.repeat(9_000)}`,
    `<!DOCTYPE d [<!ENTITY a "${'z'.repeat(50_000)}">]><domain><metadata>${'&a;'.repeat(10_000)}</metadata></domain>`,
  ]) {
    await using other = new FakeDaemon()
    for (const procedure of [procedures.allDomainStats, procedures.listDomains, procedures.domainXml])
      other.answer(procedure, daemon.answerOf(procedure))
    await using again = await driverOf(other)
    const { vms } = await cheap(2_000, () => again.hypervisor.sample())
    assert.deepEqual(vms[0]?.migratable, { movable: false, code: 'vm.unreadable' }, xml.slice(0, 30))
  }
})

test("another host's daemon that lies about a VM gets no verdict and no time", async () => {
  await using own = new FakeDaemon()
  await using peer = new FakeDaemon()
  await peer.listen()
  let state = 3
  let reason = 1
  let jobType = 0
  let vcpus: readonly Told[] = [['vcpu.maximum', uint(4_294_967_295)]]
  peer.answer(procedures.jobStats, (w) => {
    w.int(jobType)
    list(w, [])
  })
  peer.answer(procedures.domainByUuid, (w) => writeDomain(w, { ...domain, name: 'n'.repeat(1_000_000) }))
  peer.answer(procedures.domainState, (w) => {
    w.int(state)
    w.int(reason)
  })
  peer.answer(procedures.allDomainStats, (w) =>
    w.array([0], () => {
      writeDomain(w, domain)
      list(w, vcpus)
    }),
  )
  await using driven = await driverOf(own, [peer.uri])
  const { hypervisor, odd } = driven
  const there = () => cheap(2_000, () => hypervisor.locate(vm, peer.uri))
  assert.equal(await there(), 'held')
  assert.ok(odd.includes('there: domain by uuid: the name of a VM: 1000000 bytes'), odd.join('\n'))
  vcpus = Array.from({ length: 200_000 }, (_, i): Told => [`vcpu.${i}.time`, double(Number.NaN)])
  await assert.rejects(there(), /garbage from the daemon: a packet cannot have/)
  state = 99
  await assert.rejects(there(), /told a run state that does not exist/)
  state = 3
  reason = 5_000
  await assert.rejects(there(), /told a run state that does not exist/)
  reason = 1
  state = 1
  jobType = 77
  await assert.rejects(there(), /told the type of a job that does not exist/)
  peer.answer(procedures.jobStats, { error: 1, message: 'e'.repeat(2_000_000) })
  await assert.rejects(there(), ({ message }: Error) => message.length <= textBytesMax.words)
})

test('a daemon that asks for signs of life and never reads them is given up', async () => {
  await using daemon = new FakeDaemon()
  await daemon.listen()
  const socket = connect(daemon.uri.slice(daemon.uri.indexOf('socket=') + 'socket='.length))
  // What is written stays unsent: the other end reads nothing.
  socket.cork()
  const connection = new Connection(socket, { callMs: 5_000, keepaliveMs: 60_000, keepaliveCount: 3 })
  while (daemon.sockets.size === 0) await delay(5)
  for (let asked = 0; connection.closed === null && asked < 200_000; asked += 1_000) {
    for (let i = 0; i < 1_000; i += 1) daemon.ping()
    await delay(1)
  }
  while (connection.closed === null) await delay(5)
  assert.equal(connection.closed, 'the daemon reads nothing')
})

test('a flood of events about VMs that no look shows is not remembered', () => {
  const odd: string[] = []
  const sampler = plainSampler({ odd: (what) => odd.push(what) })
  for (let i = 0; i <= vmsKeptMax; i += 1)
    sampler.hear({ kind: 'lifecycle', vm: `${i}` as VmId, event: 'resumed', detail: 'unpaused' })
  assert.equal(sampler.hasRun(`${vmsKeptMax - 1}` as VmId), true)
  assert.equal(sampler.hasRun(`${vmsKeptMax}` as VmId), false)
  assert.deepEqual(odd, [`events of more than ${vmsKeptMax} VMs`])
})

test('of a VM that comes in, a size that cannot be is not known', async () => {
  await using daemon = new FakeDaemon()
  daemon.answer(procedures.listDomains, (w) => {
    w.array([domain], (one) => writeDomain(w, one))
    w.uint(1)
  })
  daemon.answer(procedures.jobStats, { error: 84, message: 'only on the source' })
  daemon.answer(procedures.domainByUuid, (w) => writeDomain(w, domain))
  daemon.answer(procedures.domainState, (w) => {
    w.int(3)
    w.int(2)
  })
  daemon.answer(procedures.domainInfo, (w) => {
    w.int(3)
    w.uhyper(2n ** 64n - 1n)
    w.uhyper(0n)
    w.int(-1)
    w.uhyper(0n)
  })
  await using driven = await driverOf(daemon)
  const { hypervisor } = driven
  assert.deepEqual(await hypervisor.jobs(), [
    { vm, direction: 'incoming', sentMiB: null, memoryMiB: null, vcpus: null },
  ])
})
