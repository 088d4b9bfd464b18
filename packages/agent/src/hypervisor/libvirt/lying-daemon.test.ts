/**
 * A daemon answers each call with any values that its layout allows: numbers at their edges, long and empty texts, lists of anything, or
 * bytes of no layout at all. The driver answers with what the core may be told, or with an error of the port, and does so soon.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { limits, type VmId } from '@drover/protocol'
import fc from 'fast-check'
import { describeHost, jobsTold, observedVms } from '../../observation.ts'
import { cheap } from '../../testing/cheap.ts'
import { settings } from '../../testing/fakes.ts'
import { plainSampler } from '../../testing/plain-sampler.ts'
import { HypervisorError } from '../hypervisor-port.ts'
import { decodeEvent, eventProcedures } from './domain-events.ts'
import { readHostFacts } from './host-facts.ts'
import { LibvirtError } from './libvirt-errors.ts'
import { type Caller, locate } from './observe.ts'
import * as procedures from './procedures.ts'
import { runningJobs } from './running-jobs.ts'
import { XdrError, XdrReader, XdrWriter } from './xdr.ts'

const vm = 'ac02535e-ac84-4f51-be77-1e291ebb7c23' as VmId
type Lots = fc.GeneratorValue

const int = fc.oneof(fc.integer({ min: -2, max: 12 }), fc.constantFrom(-(2 ** 31), 2 ** 31 - 1), fc.integer())
const uint = fc.oneof(fc.nat(8), fc.constantFrom(2 ** 32 - 1), fc.nat())
const hyper = fc.oneof(
  fc.nat(2_000_000).map(BigInt),
  fc.constantFrom(0n, 2n ** 53n, 2n ** 63n, 2n ** 64n - 1n),
  fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
)
const double = fc.oneof(fc.double(), fc.constantFrom(Number.NaN, Number.POSITIVE_INFINITY, -1))
const short = fc.string({ unit: 'binary', maxLength: 12 })
const long = fc.constantFrom(100, 256, 5_000, 200_000).map((length) => 'é'.repeat(length))
const text = fc.oneof({ weight: 6, arbitrary: short }, { weight: 1, arbitrary: long })
const fieldName = fc.oneof(
  fc.constantFrom(
    ...['state.state', 'state.reason', 'cpu.time', 'vcpu.current', 'vcpu.maximum', 'vcpu.0.time'],
    ...['vcpu.0.delay', 'vcpu.4096.time', 'balloon.current', 'balloon.maximum', 'dirtyrate.calc_status'],
    ...['dirtyrate.megabytes_per_second', 'operation', 'data_processed', 'data_total', '__proto__'],
  ),
  text,
)
const xml = fc.oneof(
  text,
  fc.constantFrom(
    '<domain/>',
    '<domain><devices><disk type="file"><source file="/x"/></disk></devices></domain>',
    '<domain><metadata><d:vm xmlns:d="https://drover.dev/ns/vm/1" __proto__="x" labels="a b"/></metadata></domain>',
    '<capabilities><host><cpu><arch>x86_64</arch><model>Haswell</model></cpu></host></capabilities>',
    `<capabilities><host><cpu><model>${'m'.repeat(1_000)}</model></cpu></host></capabilities>`,
    '<a>'.repeat(20_000),
    '<!DOCTYPE a [<!ENTITY b "cccc">]><domain>&b;</domain>',
  ),
)

const value = (lots: Lots, w: XdrWriter): void => {
  const type = lots(() => fc.integer({ min: 1, max: 7 }))
  w.int(type)
  if (type === 1 || type === 6) w.int(lots(() => int))
  else if (type === 2) w.uint(lots(() => uint))
  else if (type === 5) w.double(lots(() => double))
  else if (type === 7) w.string(lots(() => text))
  else w.uhyper(lots(() => hyper))
}
const params = (lots: Lots, w: XdrWriter): void =>
  w.array(
    lots(() => fc.array(fieldName, { maxLength: 14 })),
    (name) => {
      w.string(name)
      value(lots, w)
    },
  )
const domain = (lots: Lots, w: XdrWriter): void => {
  w.string(lots(() => text))
  w.fixed(lots(() => fc.constantFrom(Buffer.alloc(16, 1), Buffer.alloc(16, 2))))
  w.int(lots(() => int))
}
const listOf = (lots: Lots): number[] => lots(() => fc.array(fc.constant(0), { maxLength: 4 }))

/** A reply of the procedure's own layout. */
const writers = new Map<number, (lots: Lots, w: XdrWriter) => void>([
  [
    procedures.nodeInfo.number,
    (lots, w) => {
      for (let i = 0; i < 32; i += 1) w.int(0)
      w.uhyper(lots(() => hyper))
      for (let i = 0; i < 6; i += 1) w.int(lots(() => int))
    },
  ],
  [
    procedures.nodeMemory.number,
    (lots, w) => {
      w.array(listOf(lots), () => {
        w.string(lots(() => fc.oneof(fc.constant('total'), text)))
        w.uhyper(lots(() => hyper))
      })
      w.int(lots(() => int))
    },
  ],
  [procedures.hypervisorVersion.number, (lots, w) => w.uhyper(lots(() => hyper))],
  [procedures.libvirtVersion.number, (lots, w) => w.uhyper(lots(() => hyper))],
  [procedures.hostname.number, (lots, w) => w.string(lots(() => text))],
  [procedures.capabilities.number, (lots, w) => w.string(lots(() => xml))],
  [procedures.domainXml.number, (lots, w) => w.string(lots(() => xml))],
  [procedures.domainByUuid.number, domain],
  [
    procedures.listDomains.number,
    (lots, w) => {
      w.array(listOf(lots), () => domain(lots, w))
      w.uint(lots(() => uint))
    },
  ],
  [
    procedures.domainState.number,
    (lots, w) => {
      w.int(lots(() => int))
      w.int(lots(() => int))
    },
  ],
  [
    procedures.domainInfo.number,
    (lots, w) => {
      w.int(lots(() => int))
      w.uhyper(lots(() => hyper))
      w.uhyper(lots(() => hyper))
      w.int(lots(() => int))
      w.uhyper(lots(() => hyper))
    },
  ],
  [
    procedures.allDomainStats.number,
    (lots, w) =>
      w.array(listOf(lots), () => {
        domain(lots, w)
        params(lots, w)
      }),
  ],
  [
    procedures.jobStats.number,
    (lots, w) => {
      w.int(lots(() => int))
      params(lots, w)
    },
  ],
  [procedures.hasManagedSave.number, (lots, w) => w.int(lots(() => int))],
])

/** Any reply of the right layout; sometimes an error of libvirt. */
const liar = (lots: Lots): Caller => ({
  async call<Args, Result>(procedure: procedures.Procedure<Args, Result>): Promise<Result> {
    const write = writers.get(procedure.number)
    assert.ok(write, `no replies are made for '${procedure.name}'`)
    if (lots(() => fc.nat(7)) === 0)
      throw new LibvirtError(
        'hypervisor.refused',
        lots(() => fc.constantFrom(1, 42, 55, 84)),
        'no',
      )
    const w = new XdrWriter()
    write(lots, w)
    const reader = new XdrReader(w.done())
    const result = procedure.read(reader)
    reader.end()
    return result
  },
})

const answered = async <T>(work: () => Promise<T>): Promise<T | null> => {
  try {
    return await cheap(2_000, work)
  } catch (error) {
    assert.ok(error instanceof HypervisorError, `${error}`)
    return null
  }
}

const isAmount = (told: number | null): boolean =>
  told === null || (Number.isSafeInteger(told) && told >= 0 && told <= limits.amountMax)

test('whatever a daemon tells of its host, its VMs and its jobs, the core is told what can be', async () => {
  await fc.assert(
    fc.asyncProperty(fc.gen(), async (lots) => {
      const caller = liar(lots)
      const facts = await answered(() => readHostFacts(caller, null))
      if (facts !== null) {
        const told = describeHost(facts, settings(), '1')
        assert.ok(isAmount(told.capacity.cpuMilli) && isAmount(told.capacity.memoryMiB), JSON.stringify(told))
        assert.ok(JSON.stringify(told).length < 4_000)
      }
      const sampler = plainSampler({ diskLock: 'lockd' })
      for (let look = 0; look < 2; look += 1) {
        const vms = await answered(() => sampler.sample(caller, new Map()))
        for (const one of observedVms({ vms: vms ?? [], pressure: null })) {
          const { cpuMilli, vcpus, memoryMiB, dirtyMiBps, ...texts } = one
          assert.ok([cpuMilli, vcpus, memoryMiB, dirtyMiBps].every(isAmount), JSON.stringify(one))
          assert.ok(JSON.stringify(texts).length < 4_000, 'its texts are short')
        }
        const jobs = await answered(() => runningJobs(caller))
        if (jobs === null) continue
        const { outgoing, incoming } = jobsTold(jobs.migrations)
        for (const { sentMiB } of outgoing) assert.ok(sentMiB === null || Number.isSafeInteger(sentMiB))
        for (const { memoryMiB, vcpus } of incoming) assert.ok(isAmount(memoryMiB) && isAmount(vcpus))
        sampler.jobsSeen(jobs.busy)
      }
      await answered(() => locate(caller, vm))
    }),
    { numRuns: 150, endOnFailure: true },
  )
})

test('bytes of no layout are garbage, which closes the connection, and nothing else', () => {
  const all = Object.values(procedures).flatMap((one) =>
    typeof one === 'object' && 'read' in one ? [one as procedures.Procedure<never, unknown>] : [],
  )
  assert.ok(all.length > 20)
  const numbers = [0, ...eventProcedures]
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), fc.boolean(), (bytes, zeros) => {
      const sent = zeros ? new Uint8Array(bytes.length) : bytes
      const reads = [
        ...all.map((one) => () => one.read(new XdrReader(sent))),
        ...numbers.map((number) => () => decodeEvent(number, sent)),
      ]
      for (const read of reads)
        try {
          read()
        } catch (error) {
          assert.ok(error instanceof XdrError, `${error}`)
        }
    }),
    { numRuns: 150 },
  )
})
