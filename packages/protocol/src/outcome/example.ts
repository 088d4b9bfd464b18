/** A small ring with one of everything, for tests of what operators read. Not part of the public page. */
import { noDemandStats } from '../../../placement/src/forecast/demand-history.ts'
import type { Resources } from '../../../placement/src/problem/resources.ts'
import type { Decision } from '../data/decision.ts'
import { actionIdOf, asHostId, asVmId, type HostId, partitionIdOf } from '../data/ids.ts'
import type { VmSnapshot } from '../data/snapshot.ts'
import type { LoadSummary } from '../data/summary.ts'
import type { MemberView, PeerView } from '../data/view.ts'
import { summaryOf } from '../testing/load-summary.ts'
import type { DatedDecision } from './explanation.ts'

/** Peer ids as long as real ones, which begin alike. */
const peerId = (name: string): HostId =>
  asHostId(`12D3KooW${'x'.repeat(36)}${name.replaceAll('-', '').padStart(8, '1').slice(-8)}`)
export const exampleHosts = {
  self: peerId('rack1A'),
  roomy: peerId('rack1B'),
  full: peerId('rack2A'),
  silent: peerId('rack2B'),
  draining: peerId('rack3A'),
  other: peerId('rack3B'),
} as const
const names: Readonly<Record<keyof typeof exampleHosts, string>> = {
  self: 'rack1-a',
  roomy: 'rack1-b',
  full: 'rack2-a',
  silent: 'rack2-b',
  draining: 'rack3-a',
  other: 'rack3-b',
}

const uuid = (number: number) => asVmId(`6fa9ec2${number}-2c4e-4f6e-8f0e-4f2b7c1d000${number}`)
export const exampleVms = {
  web1: uuid(1),
  web2: uuid(2),
  db1: uuid(3),
  gpu1: uuid(4),
  gone: uuid(5),
} as const

const amount = (cpuMilli: number, memoryMiB: number): Resources => ({ cpuMilli, memoryMiB })
const capacity = amount(5_000, 20_480)
const reserve = amount(1_000, 2_048)
const usable = amount(4_000, 18_432)

const member = (
  key: keyof typeof exampleHosts,
  state: MemberView['state'],
  demand: Resources,
  changes: Partial<LoadSummary> = {},
): MemberView => ({
  summary: summaryOf(exampleHosts[key], {
    name: names[key],
    location: `dc1/${names[key].slice(0, 5)}`,
    sequence: 7,
    capacity,
    reserve,
    demand,
    vms: 2,
    cpuBaseline: 'x86_64/EPYC-Rome',
    migrationUri: `qemu+tls://${names[key]}/system`,
    policyHash: 'abcdef0123456789',
    ...changes,
  }),
  state,
  ageMs: state === 'suspect' ? 7_400 : 1_200,
  position: Object.keys(exampleHosts).indexOf(key),
  neighbour: key === 'roomy' || key === 'other',
})

const vm = (
  key: keyof typeof exampleVms,
  demand: Resources,
  changes: Partial<VmSnapshot> = {},
): VmSnapshot => ({
  vm: exampleVms[key],
  name: key,
  state: 'running',
  incarnation: 'i1',
  demand,
  dirtyMiBps: 10,
  fixed: null,
  demandStats: noDemandStats,
  cooldownMs: 0,
  movedFrom: null,
  ...changes,
})

const id = partitionIdOf(exampleHosts.self, 12, 7)
export const exampleDecision: Decision = {
  id,
  leader: exampleHosts.self,
  leaderName: names.self,
  reason: 'overload.cpu',
  need: 'demand 4.6 cores of 4 cores usable, for 61.0 s',
  mode: 'observe',
  members: [exampleHosts.self, exampleHosts.roomy],
  candidates: [
    { host: exampleHosts.roomy, name: names.roomy, code: null, text: 'granted' },
    { host: exampleHosts.silent, name: names.silent, code: 'host.suspect', text: 'not asked: host.suspect' },
  ],
  stayed: [
    { vm: exampleVms.db1, name: 'db1', code: 'vm.not_needed' },
    { vm: exampleVms.gpu1, name: 'gpu1', code: 'dev.hostdev' },
  ],
  actions: [
    {
      action: {
        kind: 'migrate',
        id: actionIdOf(id, 0),
        vm: exampleVms.web1,
        from: exampleHosts.self,
        to: exampleHosts.roomy,
        after: [],
      },
      vmName: 'web1',
      demand: amount(1_500, 2_048),
      result: { kind: 'would' },
    },
  ],
  hosts: [
    {
      host: exampleHosts.self,
      name: names.self,
      usable,
      before: amount(4_600, 9_216),
      after: amount(3_100, 7_168),
    },
    {
      host: exampleHosts.roomy,
      name: names.roomy,
      usable,
      before: amount(1_000, 4_096),
      after: amount(2_500, 6_144),
    },
  ],
  result: 'would',
  code: 'mode.observe',
  text: 'one migration would cure it',
  detectedAt: 1_000,
  reservedMs: 12,
  solvedMs: 17,
  detectToStartMs: null,
  endedMs: 18,
  asMember: false,
}

const movedId = partitionIdOf(exampleHosts.self, 11, 3)
/** An older one, in which a VM left for good. */
export const exampleMove: Decision = {
  ...exampleDecision,
  id: movedId,
  mode: 'auto',
  result: 'cured',
  code: null,
  text: 'cured with one migration',
  stayed: [],
  actions: [
    {
      action: {
        kind: 'migrate',
        id: actionIdOf(movedId, 0),
        vm: exampleVms.gone,
        from: exampleHosts.self,
        to: exampleHosts.full,
        after: [],
      },
      vmName: 'gone',
      demand: amount(800, 1_024),
      result: { kind: 'done' },
    },
  ],
}

export const exampleHistory: readonly DatedDecision[] = [
  { atWallMs: Date.UTC(2026, 10, 22, 21, 30, 5), decision: exampleDecision },
  { atWallMs: Date.UTC(2026, 10, 22, 20, 0, 0), decision: exampleMove },
]

/** An overloaded host in mode observe, with a neighbour that has room, and four that cannot help. */
export const exampleView: PeerView = {
  host: exampleHosts.self,
  description: {
    name: names.self,
    location: 'dc1/rack1',
    capacity,
    reserve,
    cpuBaseline: 'x86_64/EPYC-Rome',
    failureDomain: null,
    migrationUri: 'qemu+tls://rack1-a/system',
    version: '0.1.0',
  },
  mode: 'observe',
  draining: false,
  able: true,
  troubles: [],
  usable,
  demand: amount(4_600, 9_216),
  committedIn: amount(0, 0),
  forecastDoubt: null,
  overloadedSinceMs: 61_000,
  lease: null,
  leading: null,
  migrations: [],
  operations: [],
  duties: [],
  alarms: [],
  vms: [
    vm('db1', amount(1_000, 4_096), { cooldownMs: 1_500_000, movedFrom: exampleHosts.full }),
    vm('gpu1', amount(600, 1_024), { fixed: 'dev.hostdev' }),
    vm('web1', amount(1_500, 2_048)),
    vm('web2', amount(1_500, 2_048)),
  ],
  members: [
    member('self', 'self', amount(4_600, 9_216), { mode: 'observe', overloaded: true, vms: 4 }),
    member('roomy', 'alive', amount(1_000, 4_096)),
    member('full', 'alive', amount(3_900, 17_408)),
    member('silent', 'suspect', amount(100, 1_024)),
    member('draining', 'alive', amount(700, 2_048), { state: 'draining', vms: 3 }),
    member('other', 'alive', amount(100, 1_024), { cpuBaseline: 'x86_64/Haswell' }),
  ],
  decisions: [exampleDecision],
  warnings: [
    {
      code: 'vm.paused_in_doubt',
      text: 'web9 waits for an answer of rack2-b',
      vm: null,
      at: 900,
    },
  ],
}
