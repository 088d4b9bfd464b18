/** Stand-ins for what an agent needs, each with knobs and a memory of what was asked of it. For tests of the agent itself. */
import type { Effect, HostId, Input, Peer, PeerInit, PeerView, VmId } from '@drover/protocol'
import { policyOf } from '@drover/protocol'
import type { Settings } from '../config/settings.ts'
import type {
  HostFacts,
  Hypervisor,
  HypervisorEvent,
  MigrationProgress,
  MigrationRequest,
  MigrationResult,
  Presence,
  RunningJob,
  Sample,
  VmSample,
} from '../hypervisor/hypervisor-port.ts'
import type { Transport, TransportHandlers } from '../transport/transport-port.ts'
import { host } from './fixtures.ts'

export const settings = (changes: Partial<Settings> = {}): Settings => ({
  host: { name: 'alpha', location: '', failureDomain: null, dataDir: '/nowhere' },
  capacity: {},
  reserve: {},
  hypervisor: {
    driver: 'fake',
    uri: 'fake://alpha',
    migrationUri: null,
    tls: null,
    diskLock: 'none',
    sampleMs: 60_000,
  },
  network: { listen: [], announce: [], bootstrap: [], clusterKey: null, allow: null },
  mode: 'auto',
  policy: policyOf('balanced'),
  rules: [],
  api: { socket: null, metricsListen: null },
  log: { level: 'silent' },
  ...changes,
})

export const vmSample = (name: string, changes: Partial<VmSample> = {}): VmSample => ({
  vm: name as VmId,
  name,
  state: 'running',
  pausedBy: null,
  cpuMilli: 100,
  vcpus: 1,
  memoryMiB: 512,
  dirtyMiBps: 1,
  incarnation: '1',
  migratable: { movable: true },
  diskLocked: false,
  autostart: false,
  settings: {},
  ...changes,
})

/** A promise that the test settles. */
export const deferred = <T>() => Promise.withResolvers<T>()

export interface FakeHypervisor extends Hypervisor {
  facts: HostFacts
  vms: VmSample[]
  running: RunningJob[]
  presence: Presence
  /** Thrown by `sample` while not null. */
  failing: Error | null
  /** What `sample` waits for before it answers. */
  gate: Promise<unknown>
  samples: number
  closed: boolean
  readonly asked: string[]
  readonly migrations: {
    readonly request: MigrationRequest
    readonly progress: (progress: MigrationProgress) => void
    readonly end: (result: MigrationResult) => void
  }[]
  connect(): void
  disconnect(reason: string): void
  tell(event: HypervisorEvent): void
}

/** Connected once opened, unless `connected` is false. */
export const fakeHypervisor = (connected = true): FakeHypervisor => {
  const listeners = new Set<(event: HypervisorEvent) => void>()
  let up = false
  const operate = async (what: string, vm: VmId): Promise<void> => {
    fake.asked.push(`${what} ${vm}`)
    if (fake.failing !== null) throw fake.failing
  }
  const fake: FakeHypervisor = {
    driver: 'fake',
    facts: {
      name: 'alpha',
      capacity: { cpuMilli: 8_000, memoryMiB: 16_384 },
      cpuBaseline: 'x86_64/test',
      migrationUri: 'fake://alpha',
      version: 'fake 1',
    },
    vms: [],
    running: [],
    presence: 'running',
    failing: null,
    gate: Promise.resolve(),
    samples: 0,
    closed: false,
    asked: [],
    migrations: [],
    connect() {
      up = true
      fake.tell({ kind: 'connected' })
    },
    disconnect(reason) {
      up = false
      fake.tell({ kind: 'disconnected', reason })
    },
    tell(event) {
      for (const listener of listeners) listener(event)
    },
    open() {
      up = connected
    },
    get connected() {
      return up
    },
    get trouble() {
      return up ? null : 'not connected'
    },
    host: async () => fake.facts,
    async sample(): Promise<Sample> {
      fake.samples += 1
      const vms = [...fake.vms]
      await fake.gate
      if (fake.failing !== null) throw fake.failing
      return { vms, pressure: { cpu: 50, memory: 0 } }
    },
    jobs: async () => fake.running,
    async locate(vm, at) {
      fake.asked.push(`locate ${vm} ${at ?? 'here'}`)
      if (fake.failing !== null) throw fake.failing
      return fake.presence
    },
    migrate(request, progress = () => {}) {
      const { promise, resolve } = deferred<MigrationResult>()
      fake.migrations.push({ request, progress, end: resolve })
      return promise
    },
    async limit() {},
    async abort(vm) {
      fake.asked.push(`abort ${vm}`)
    },
    async resume(vm, at) {
      fake.asked.push(`resume ${vm} ${at ?? 'here'}`)
      if (fake.failing !== null) throw fake.failing
    },
    setAutostart: (vm) => operate('set-autostart', vm),
    save: (vm) => operate('save', vm),
    restore: (vm) => operate('restore', vm),
    start: (vm) => operate('start', vm),
    shutdown: (vm) => operate('shutdown', vm),
    events(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    async close() {
      fake.closed = true
    },
  }
  return fake
}

export interface FakeTransport extends Transport {
  readonly sent: { readonly to: HostId; readonly bytes: Uint8Array }[]
  readonly published: Uint8Array[]
  state: 'new' | 'started' | 'stopped' | 'killed'
  failing: Error | null
  /** Once started. */
  handlers: TransportHandlers
}

const noHandlers: TransportHandlers = {
  received: () => false,
  heard: () => false,
  connected() {},
  disconnected() {},
  stranger() {},
  silent() {},
}

export const fakeTransport = (self: HostId = host('a')): FakeTransport => {
  const fake: FakeTransport = {
    self,
    sent: [],
    published: [],
    state: 'new',
    failing: null,
    handlers: noHandlers,
    addresses: () => ['/memory/a'],
    async start(handlers) {
      if (fake.failing !== null) throw fake.failing
      fake.handlers = handlers
      fake.state = 'started'
    },
    send: (to, bytes) => void fake.sent.push({ to, bytes }),
    publish: (bytes) => void fake.published.push(bytes),
    introduce() {},
    peers: () => [host('b')],
    counters: () => ({
      messagesIn: 1,
      messagesOut: 2,
      bytesIn: 3,
      bytesOut: 4,
      garbage: 5,
      strangers: 6,
      undelivered: 7,
    }),
    async stop() {
      fake.state = 'stopped'
    },
    kill() {
      fake.state = 'killed'
    },
  }
  return fake
}

/** A core that answers by a script, and remembers what it heard. */
export interface ScriptedPeer extends Peer {
  readonly heard: Input[]
  readonly init: PeerInit | null
  /** By kind of input; what is not named has no effects. */
  script: Partial<{ [K in Input['kind']]: (input: Extract<Input, { kind: K }>) => readonly Effect[] }>
  readonly create: (init: PeerInit) => Peer
}

export const scriptedPeer = (script: ScriptedPeer['script'] = {}): ScriptedPeer => {
  let known: PeerInit | null = null
  const fake: ScriptedPeer = {
    heard: [],
    get init() {
      return known
    },
    script,
    create(init) {
      known = init
      return fake
    },
    lease: () => null,
    step(_now, input) {
      fake.heard.push(input)
      const answer = fake.script[input.kind] as ((input: Input) => readonly Effect[]) | undefined
      if (answer !== undefined) return answer(input)
      return input.kind === 'leaving' ? [{ kind: 'leave' }] : []
    },
    view: () => emptyView,
    load: () => ({ demand: none, usable: none }),
  }
  return fake
}

const none = { cpuMilli: 0, memoryMiB: 0 }

export const emptyView: PeerView = {
  host: host('a'),
  description: null,
  mode: 'auto',
  draining: false,
  able: true,
  troubles: [],
  usable: none,
  demand: none,
  committedIn: none,
  forecastDoubt: null,
  overloadedSinceMs: null,
  lease: null,
  leading: null,
  migrations: [],
  operations: [],
  duties: [],
  alarms: [],
  vms: [],
  members: [],
  decisions: [],
  warnings: [],
}

/** Waits for a fact, in small steps. The test fails when it does not come true within twenty seconds. */
export const until = async (what: string, so: () => boolean): Promise<void> => {
  const end = performance.now() + 20_000
  while (!so()) {
    if (performance.now() > end) throw new Error(`waited in vain until ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 2))
  }
}
