/**
 * A libvirtd that lies: its packets go through the reader of frames, and what is whole through the readers of every procedure and
 * event. Silence and late answers are `told-bounds.test.ts`'s: they take time, not thought.
 */

import { writeDomain } from '../../../packages/agent/src/hypervisor/libvirt/domain.ts'
import { decodeEvent, eventProcedures } from '../../../packages/agent/src/hypervisor/libvirt/domain-events.ts'
import {
  movable,
  parseCpuBaseline,
  parseDomainXml,
} from '../../../packages/agent/src/hypervisor/libvirt/domain-xml.ts'
import {
  encodePacket,
  keepaliveProgram,
  PacketReader,
  packetStatus,
  packetType,
  remoteProgram,
} from '../../../packages/agent/src/hypervisor/libvirt/frame.ts'
import { readLibvirtError } from '../../../packages/agent/src/hypervisor/libvirt/libvirt-errors.ts'
import * as procedures from '../../../packages/agent/src/hypervisor/libvirt/procedures.ts'
import { XdrError, XdrReader, XdrWriter } from '../../../packages/agent/src/hypervisor/libvirt/xdr.ts'
import { wordsOf } from '../../../packages/agent/src/runtime.ts'
import { asVmId } from '../../../packages/protocol/src/index.ts'
import { mutatedBytes, mutatedLines, rawBytes } from '../mutate.ts'
import { asked, type Target, type Verdict } from '../target.ts'

interface Reads {
  readonly number: number
  readonly read: (reader: XdrReader) => unknown
}
const isProcedure = (value: unknown): value is Reads =>
  typeof value === 'object' && value !== null && 'number' in value && 'read' in value
const known: ReadonlyMap<number, Reads> = new Map(
  Object.values<unknown>(procedures).flatMap((one) => (isProcedure(one) ? [[one.number, one] as const] : [])),
)
const domain = { name: 'vm1', vm: asVmId('ac02535e-ac84-4f51-be77-1e291ebb7c23'), id: 1 }

const xml = `<domain type='kvm'><name>vm1</name><uuid>${domain.vm}</uuid><memory unit='KiB'>1048576</memory>
<vcpu placement='static'>2</vcpu><metadata><drover:vm xmlns:drover='https://drover.dev/ns/vm/1' balance='never' labels='web db'/></metadata>
<cpu mode='custom' match='exact'><model fallback='forbid'>Nehalem</model></cpu>
<devices><disk type='file' device='disk'><source file='/srv/vms/vm1.qcow2'/><target dev='vda'/><shareable/></disk>
<interface type='network'><source network='default'/></interface><hostdev mode='subsystem' type='pci'/></devices></domain>`

const packet = (
  procedure: number,
  type: number,
  payload: Uint8Array,
  status: number = packetStatus.ok,
): Buffer => encodePacket({ program: remoteProgram, version: 1, procedure, type, serial: 7, status }, payload)

/** One answer that could be right for most procedures: a list of domains with typed parameters, a text, some numbers. */
const payloads = (): readonly Uint8Array[] => {
  const made = (write: (w: XdrWriter) => void): Uint8Array => {
    const writer = new XdrWriter()
    write(writer)
    return writer.done()
  }
  const stats = (w: XdrWriter): void =>
    w.array(['vcpu.0.time', 'balloon.current', 'cpu.time'], (name) => {
      w.string(name)
      w.int(4)
      w.uhyper(123_456_789n)
    })
  return [
    made((w) => {
      w.array([domain, domain], (one) => writeDomain(w, one))
      w.uint(2)
    }),
    made((w) =>
      w.array([domain, domain], (one) => {
        writeDomain(w, one)
        stats(w)
      }),
    ),
    made((w) => {
      w.int(1)
      stats(w)
    }),
    made((w) => w.string(xml)),
    made((w) => {
      w.int(1)
      writeDomain(w, domain)
      w.int(5)
      w.int(1)
    }),
    made((w) => [1, 2, 3, 4, 5, 6, 7, 8].forEach((one) => void w.int(one))),
    made(() => {}),
  ]
}

/** What the driver does with an answer. */
const understand = (procedure: number, payload: Buffer): void => {
  const told: unknown = known.get(procedure)?.read(new XdrReader(payload))
  if (typeof told !== 'string') return
  try {
    movable(parseDomainXml(told), () => true)
    parseCpuBaseline(told)
  } catch (error) {
    // What the driver takes for an answer that cannot be read: of drover's own words, or of the parser's.
    const words = wordsOf(error)
    const isOurs = error instanceof TypeError && words.startsWith('the hypervisor sent')
    if (!isOurs && (error instanceof RangeError || error instanceof TypeError)) throw error
  }
}

export const libvirtTarget = (): Target => {
  const numbers = [...known.keys()]
  const answers = payloads()
  return {
    name: 'libvirt',
    // A VM of 100 disks on long chains has an XML of 400 kB, and the parser takes so long for it: see told-bounds.ts.
    bounds: { ...asked, worstMs: 200 },
    shortRuns: 10_000,
    input(random) {
      if (random.chance(0.03)) return rawBytes(random, 400)
      const packets = Array.from({ length: random.integer(1, 3) }, () => {
        const draw = random.fraction()
        if (draw < 0.05)
          return encodePacket(
            { program: keepaliveProgram, version: 1, procedure: 1, type: 2, serial: 0, status: 0 },
            new Uint8Array(0),
          )
        if (draw < 0.2) {
          let text = xml
          for (let left = random.integer(1, 4); left > 0; left--)
            text = random.chance(0.5)
              ? mutatedLines(random, text)
              : mutatedBytes(random, Buffer.from(text)).toString('utf8')
          const writer = new XdrWriter()
          writer.string(text)
          return packet(procedures.domainXml.number, packetType.reply, writer.done())
        }
        const payload = random.pick(answers)
        const changed = random.chance(0.7) ? mutatedBytes(random, payload) : payload
        const padded = Buffer.concat([changed, Buffer.alloc((4 - (changed.length % 4)) % 4)])
        if (draw < 0.4) return packet(random.pick(eventProcedures), packetType.message, padded)
        if (draw < 0.5) return packet(random.pick(numbers), packetType.reply, padded, packetStatus.error)
        return packet(random.pick(numbers), packetType.reply, padded)
      })
      const stream = Buffer.concat(packets)
      return random.chance(0.2) ? mutatedBytes(random, stream) : stream
    },
    run(bytes): Verdict {
      // In two pieces, as a socket might give them.
      const reader = new PacketReader()
      const half = bytes.length >> 1
      try {
        for (const piece of [bytes.subarray(0, half), bytes.subarray(half)])
          for (const { header, payload } of reader.push(Buffer.from(piece))) {
            if (header.program === keepaliveProgram) continue
            try {
              if (header.type === packetType.message) decodeEvent(header.procedure, payload)
              else if (header.status === packetStatus.error) readLibvirtError(new XdrReader(payload))
              else understand(header.procedure, payload)
            } catch (error) {
              if (!(error instanceof XdrError)) throw error
            }
          }
      } catch (error) {
        if (!(error instanceof XdrError)) throw error
      }
      return null
    },
  }
}
