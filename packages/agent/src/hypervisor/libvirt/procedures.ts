/**
 * The calls of libvirt's RPC protocol that drover makes: number, argument layout, result layout.
 * Numbers and layouts are a stable ABI of libvirt; these definitions are our own.
 */
import type { VmId } from '@drover/protocol'
import { type Domain, readDomain, writeDomain, writeUuid } from './domain.ts'
import { bounds, jobFields, statsFields, textBytesMax } from './told-bounds.ts'
import { readTypedParams, type TypedParam, type TypedValues, writeTypedParams } from './typed-params.ts'
import type { XdrReader, XdrWriter } from './xdr.ts'

export interface Procedure<Args, Result> {
  readonly number: number
  readonly name: string
  readonly write: (writer: XdrWriter, args: Args) => void
  readonly read: (reader: XdrReader) => Result
}

const procedure = <Args, Result>(
  number: number,
  name: string,
  write: (writer: XdrWriter, args: Args) => void,
  read: (reader: XdrReader) => Result,
): Procedure<Args, Result> => ({ number, name, write, read })

// libvirt's own limits of what a reply may hold.
const domainsMax = 16384
const statsMax = 262144
export const jobStatsMax = 64
const authTypesMax = 20
const nodeMemoryMax = 16
const cookieBytesMax = 4 * 1024 * 1024

const none = (): void => {}
const readFlag = (r: XdrReader): boolean => r.int() !== 0
const readVersion = (r: XdrReader): number | null => r.within(bounds.version, Number(r.uhyper()))
const readXml = (r: XdrReader): string | null => {
  const xml = r.text('an XML', textBytesMax.xml)
  if (xml === null) return null
  let marks = 0
  for (let i = 0; i < xml.length; i += 1) {
    const char = xml.charCodeAt(i)
    if (char === tagMark || char === attributeMark) marks += 1
  }
  return r.within(bounds.xmlMarks, marks) === null ? null : xml
}
const tagMark = '<'.charCodeAt(0)
const attributeMark = '='.charCodeAt(0)

const onDomain = <Result>(number: number, name: string, read: (r: XdrReader) => Result) =>
  procedure<Domain, Result>(number, name, writeDomain, read)

/** A call on a domain with flags, which drover sets to the constant given here or by the caller. */
const onDomainFlags = <Result>(number: number, name: string, read: (r: XdrReader) => Result) =>
  procedure<{ readonly domain: Domain; readonly flags: number }, Result>(
    number,
    name,
    (w, { domain, flags }) => {
      writeDomain(w, domain)
      w.uint(flags)
    },
    read,
  )

// --- the connection

export const authTypes = { none: 0, sasl: 1, polkit: 2 } as const

export const authList = procedure<null, number[]>(66, 'auth list', none, (r) =>
  r.array(authTypesMax, () => r.int()),
)
export const authPolkit = procedure<null, number>(70, 'auth polkit', none, (r) => r.int())

export const connectOpenFlags = { readOnly: 1 } as const
export const connectOpen = procedure<{ readonly name: string; readonly flags: number }, void>(
  1,
  'connect open',
  (w, { name, flags }) => {
    w.optional(name, (text) => w.string(text))
    w.uint(flags)
  },
  none,
)

/** Asking for it tells the daemon that this client answers its keepalive too: it then starts to ask. */
export const featureKeepalive = 10
export const supportsFeature = procedure<number, boolean>(
  60,
  'supports feature',
  (w, f) => w.int(f),
  readFlag,
)

// --- the host

/** Null: not believed. */
export interface NodeInfo {
  readonly memoryKiB: number | null
  readonly cpus: number | null
}
const nodeModelBytes = 32
export const nodeInfo = procedure<null, NodeInfo>(6, 'node info', none, (r) => {
  for (let i = 0; i < nodeModelBytes; i += 1) r.int() // a char array takes a word per character
  const info = {
    memoryKiB: r.within(bounds.hostKiB, Number(r.uhyper())),
    cpus: r.within(bounds.hostCpus, r.int()),
  }
  for (let i = 0; i < 5; i += 1) r.int() // mhz, NUMA cells, sockets, cores, threads
  return info
})
/** Of the whole host, KiB; null = not told, or not believed. Asked twice: first for how many values there are. */
export const nodeMemory = procedure<{ readonly count: number }, { totalKiB: number | null; count: number }>(
  228,
  'node memory',
  (w, { count }) => {
    w.int(count)
    w.int(-1) // all NUMA cells
    w.uint(0)
  },
  (r) => {
    let totalKiB: number | null = null
    r.eachOf(nodeMemoryMax, () => {
      const name = r.text('the name of a value', textBytesMax.fieldName)
      const kib = Number(r.uhyper())
      if (name === 'total') totalKiB = r.within(bounds.hostKiB, kib)
    })
    return { totalKiB, count: Math.min(Math.max(0, r.int()), nodeMemoryMax) }
  },
)
/** Versions are major * 1,000,000 + minor * 1,000 + release. */
export const hypervisorVersion = procedure<null, number | null>(4, 'hypervisor version', none, readVersion)
export const libvirtVersion = procedure<null, number | null>(157, 'libvirt version', none, readVersion)
export const hostname = procedure<null, string | null>(59, 'hostname', none, (r) =>
  r.text("the host's name", textBytesMax.hostname),
)
export const capabilities = procedure<null, string | null>(7, 'capabilities', none, readXml)

// --- looking at VMs

export const domainByUuid = procedure<VmId, Domain>(24, 'domain by uuid', writeUuid, readDomain)

export const listFlags = { active: 1 << 0, autostart: 1 << 10, hasSnapshot: 1 << 12 } as const
export const listDomains = procedure<{ readonly flags: number }, Domain[]>(
  273,
  'list domains',
  (w, { flags }) => {
    w.int(1) // yes, the names too
    w.uint(flags)
  },
  (r) => {
    const domains = r.array(domainsMax, () => readDomain(r))
    r.uint() // their number once more
    return domains
  },
)

export const domainStates = {
  none: 0,
  running: 1,
  blocked: 2,
  paused: 3,
  shuttingDown: 4,
  shut: 5,
  crashed: 6,
  suspendedByGuest: 7,
} as const
export const pausedReasons = { unknown: 0, byUser: 1, migration: 2, startingUp: 11 } as const
/** Null: not believed. */
export interface StateReason {
  readonly state: number | null
  readonly reason: number | null
}
export const domainState = onDomainFlags<StateReason>(212, 'domain state', (r) => ({
  state: r.within(bounds.state, r.int()),
  reason: r.within(bounds.reason, r.int()),
}))
/** `memoryMaxKiB`: what it may use. Null: not believed. */
export interface DomainInfo {
  readonly memoryMaxKiB: number | null
  readonly vcpus: number | null
}
export const domainInfo = onDomain<DomainInfo>(16, 'domain info', (r) => {
  r.int() // its state
  const memoryMaxKiB = r.within(bounds.vmKiB, Number(r.uhyper()))
  r.uhyper() // what it uses now: its balloon is not known before it runs
  const vcpus = r.within(bounds.vcpus, r.int())
  r.uhyper() // CPU time
  return { memoryMaxKiB, vcpus }
})
export const domainXml = onDomainFlags(14, 'domain xml', readXml)
export const isPersistent = onDomain(151, 'is persistent', readFlag)
export const getAutostart = onDomain(15, 'get autostart', readFlag)
export const setAutostart = procedure<{ readonly domain: Domain; readonly autostart: boolean }, void>(
  29,
  'set autostart',
  (w, { domain, autostart }) => {
    writeDomain(w, domain)
    w.int(autostart ? 1 : 0)
  },
  none,
)

export const statsGroups = { state: 1, cpu: 2, balloon: 4, vcpu: 8, dirtyRate: 512 } as const
/** `noWait`: leave out what a busy VM cannot tell now, instead of waiting for it (and so for every VM). */
export const statsFlags = { active: 1, noWait: 1 << 29 } as const
export interface DomainStats {
  readonly domain: Domain
  readonly stats: TypedValues
}
/** `domains`: only these; none = every VM. */
export const allDomainStats = procedure<
  { readonly domains?: readonly Domain[]; readonly groups: number; readonly flags: number },
  DomainStats[]
>(
  344,
  'all domain stats',
  (w, { domains = [], groups, flags }) => {
    w.array(domains, (domain) => writeDomain(w, domain))
    w.uint(groups)
    w.uint(flags)
  },
  (r) =>
    r.array(domainsMax, () => ({ domain: readDomain(r), stats: readTypedParams(r, statsMax, statsFields) })),
)
export const startDirtyRate = procedure<{ readonly domain: Domain; readonly seconds: number }, void>(
  427,
  'start dirty rate',
  (w, { domain, seconds }) => {
    writeDomain(w, domain)
    w.int(seconds)
    w.uint(0)
  },
  none,
)

// --- jobs and migration

export const jobTypes = { none: 0, bounded: 1, unbounded: 2, completed: 3, failed: 4, cancelled: 5 } as const
/** `completed`: of the last job that has ended; `keep`: and do not forget it for having told. */
export const jobStatsFlags = { completed: 1, keep: 2 } as const
export const jobOperations = { migrationIn: 4, migrationOut: 5 } as const
/** `type` null: not believed. */
export interface JobStats {
  readonly type: number | null
  readonly stats: TypedValues
}
export const jobStats = onDomainFlags<JobStats>(298, 'job stats', (r) => ({
  type: r.within(bounds.jobType, r.int()),
  stats: readTypedParams(r, jobStatsMax, jobFields),
}))
export const abortJob = onDomain(164, 'abort job', none)

export const migrateFlags = {
  live: 1 << 0,
  peerToPeer: 1 << 1,
  persistDestination: 1 << 3,
  undefineSource: 1 << 4,
  paused: 1 << 5,
  abortOnError: 1 << 12,
  autoConverge: 1 << 13,
} as const
export interface MigrateArgs {
  readonly domain: Domain
  readonly to: string
  readonly params: readonly TypedParam[]
  readonly flags: number
}
/** Peer-to-peer: answers when the whole migration has ended. */
export const migratePerform = procedure<MigrateArgs, void>(
  305,
  'migrate',
  (w, { domain, to, params, flags }) => {
    writeDomain(w, domain)
    w.optional(to, (text) => w.string(text))
    writeTypedParams(w, params)
    w.opaque(new Uint8Array(0)) // cookies pass between daemons; with peer-to-peer the client has none
    w.uint(flags)
  },
  (r) => {
    r.opaque(cookieBytesMax)
  },
)
export const migrateSetMaxSpeed = procedure<{ readonly domain: Domain; readonly mibps: number }, void>(
  207,
  'migrate set max speed',
  (w, { domain, mibps }) => {
    writeDomain(w, domain)
    w.uhyper(BigInt(mibps))
    w.uint(0)
  },
  none,
)

// --- changing the run state

export const domainResume = onDomain(28, 'resume', none)
export const domainShutdown = onDomain(33, 'shutdown', none)
export const domainCreate = onDomainFlags(196, 'start', readDomain)
export const managedSave = onDomainFlags(182, 'managed save', none)
export const hasManagedSave = onDomainFlags(183, 'has managed save', readFlag)

// --- events

export const registerEvent = procedure<{ readonly event: number }, number>(
  316,
  'register event',
  (w, { event }) => {
    w.int(event)
    w.optional<never>(null, none) // of every VM
  },
  (r) => r.int(),
)
