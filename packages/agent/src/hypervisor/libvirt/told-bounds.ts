/**
 * What a libvirt daemon may tell. A daemon can be wrong, and that of another host is not ours: it may say that a VM has four billion
 * vCPUs, or is named by a megabyte. Each number, text and list is held against its bound here where it is read off the wire.
 * What is outside counts as not told: it is said (`hypervisor.implausible`), and is neither looped over, nor kept, nor passed on.
 * Only what breaks the protocol itself closes the connection (`xdr.ts`, `frame.ts`).
 */
import { limits } from '@drover/protocol'

export interface Bound {
  readonly what: string
  readonly min: number
  readonly max: number
}

const from = (min: number, what: string, max: number): Bound => ({ what, min, max })

/** 146 years in ns, and as many bytes as no VM has: beyond it a counter is garbage, and sums of counters stay exact enough. */
const counterMax = 2 ** 62
const kibMax = limits.amountMax * 1_024

export const bounds = {
  /** QEMU runs 4,096 at most, as does KVM. Against a loop that never ends. */
  vcpus: from(0, 'a number of vCPUs', 4_096),
  /** What other agents would not read any more is no host's (`limits.amountMax`, thousandths of a core). */
  hostCpus: from(1, 'the CPUs of the host', Math.floor(limits.amountMax / 1_000)),
  hostKiB: from(1, 'the memory of the host', kibMax),
  vmKiB: from(0, 'the memory of a VM', kibMax),
  /** As `virDomainState`. */
  state: from(0, 'a run state', 7),
  reason: from(0, 'the reason of a run state', 1_000),
  /** As `virDomainJobType`. */
  jobType: from(0, 'the type of a job', 5),
  operation: from(0, 'the operation of a job', 1_000),
  timeNs: from(0, 'a CPU time', counterMax),
  bytes: from(0, 'a number of bytes', counterMax),
  pages: from(0, 'a dirty rate', 2 ** 40),
  pageBytes: from(1, 'the size of a page', 2 ** 30),
  mibps: from(0, 'a dirty rate', 2 ** 30),
  /** A year. */
  ms: from(0, 'a time', 366 * 86_400_000),
  /** `<` and `=` of one XML, which is parsed in one go. Each disk of a VM takes some 40, each image below it some 20. */
  xmlMarks: from(0, 'the tags and attributes of an XML', 40_000),
  /** major * 1,000,000 + minor * 1,000 + release. */
  version: from(0, 'a version', 999_999_999),
} as const satisfies Record<string, Bound>

/** Bytes of texts, in UTF-8. */
export const textBytesMax = {
  /** A VM's name is that of its log file: `NAME_MAX` of Linux. */
  vmName: 255,
  /** `HOST_NAME_MAX` is 64, a DNS name has 253. */
  hostname: 255,
  /** libvirt's `VIR_TYPED_PARAM_FIELD_LENGTH`. */
  fieldName: 80,
  /** Of architecture and CPU model, in the capabilities. All others compare it. */
  cpuModel: 100,
  /** A VM of 100 disks, each on a chain of ten snapshots, has 400 kB; a parser takes some 150 ms for so much. */
  xml: 1_048_576,
  /** Of an error, for people: longer is clipped. */
  words: limits.proseCharsMax,
} as const

/** VMs of which something is remembered between two looks: libvirt's own limit of one list. Against a flood of events. */
export const vmsKeptMax = 16_384

/** Bytes that wait to be read by the daemon: of a request we make, none has 64 KiB. Against one that asks and never reads. */
export const unreadBytesMax = 1_048_576

/** One packet of another host's daemon, which is asked about one VM: 4,096 vCPUs with 16 values each. */
export const peerPacketBytesMax = 4 * 1_048_576

/** The values of a list that drover uses, with their bounds; all others are skipped. */
export type Fields = (name: string) => Bound | null

const perVcpu = /^vcpu\.(0|[1-9]\d{0,3})\.(?:time|delay)$/

const stats: ReadonlyMap<string, Bound> = new Map([
  ['state.state', bounds.state],
  ['state.reason', bounds.reason],
  ['cpu.time', bounds.timeNs],
  ['vcpu.current', bounds.vcpus],
  ['balloon.current', bounds.vmKiB],
  ['balloon.maximum', bounds.vmKiB],
  ['dirtyrate.calc_status', bounds.operation],
  ['dirtyrate.megabytes_per_second', bounds.mibps],
])

export const statsFields: Fields = (name) => {
  const known = stats.get(name)
  if (known !== undefined) return known
  const index = perVcpu.exec(name)?.[1]
  return index !== undefined && Number(index) < bounds.vcpus.max ? bounds.timeNs : null
}

const job: ReadonlyMap<string, Bound> = new Map([
  ['operation', bounds.operation],
  ['data_processed', bounds.bytes],
  ['data_remaining', bounds.bytes],
  ['data_total', bounds.bytes],
  ['memory_dirty_rate', bounds.pages],
  ['memory_page_size', bounds.pageBytes],
  ['time_elapsed', bounds.ms],
  ['downtime', bounds.ms],
])

export const jobFields: Fields = (name) => job.get(name) ?? null
