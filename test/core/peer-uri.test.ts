/** A peer that has the cluster key and means harm: what it names is opened by libvirtd as root, or kept as a key of a record. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  actionIdOf,
  asHostId,
  asVmId,
  createPeer,
  decodeMessage,
  type Effect,
  encodeMessage,
  type HostDescription,
  type Message,
  type ObservedVm,
  type OpenAction,
  type Peer,
  partitionIdOf,
  usableOf,
  type VmId,
} from '../../packages/protocol/src/index.ts'
import { exampleDecision } from '../../packages/protocol/src/outcome/example.ts'
import { ordinaryHost, ordinaryVm } from '../../packages/protocol/src/testing/observed-vm.ts'
import { nothingRestored, peerInit } from '../../packages/protocol/src/testing/peer-init.ts'
import { virtualCluster } from '../kit/virtual-cluster.ts'

const harmful = [
  'qemu+ext:///system?command=/sbin/poweroff',
  'qemu+ssh://h1/system?command=/x.sh',
  'sim://h2?command=/x',
  'sim://root@h2',
  // Its own form, but not where it is: a third host, that has promised nothing.
  'sim://h0',
]

/** One VM too many on h0; only h1 has room, and its agent lies. */
const overloaded = async (lie: (message: Message) => Message) => {
  const opened: Effect[] = []
  const cluster = await virtualCluster({
    hosts: 2,
    observe: (_host, effect) => {
      if (
        effect.kind === 'perform' ||
        ((effect.kind === 'inspect' || effect.kind === 'resume') && effect.at !== null)
      )
        opened.push(effect)
    },
  })
  cluster.lies(1, lie)
  cluster.vm('a', 0, 5_000)
  cluster.vm('b', 0, 1_000)
  await cluster.run(3_000)
  return { cluster, opened }
}

test('a destination that names a URI of its choice gets nothing, and the operator hears of it', async () => {
  for (const uri of harmful) {
    const { cluster, opened } = await overloaded((message) =>
      message.kind === 'admitted' ? { ...message, uri } : message,
    )
    cluster.world.setCpu(asVmId('a'), 8_000)
    await cluster.run(20_000)
    assert.deepEqual(opened, [], uri)
    const codes = cluster
      .peer(0)
      .view(cluster.clock.now())
      .warnings.map(({ code }) => code)
    assert.ok(codes.includes('peer.uri_refused'), uri)
    assert.equal(cluster.outcomes().at(-1)?.code, 'peer.uri_refused')
    assert.deepEqual(cluster.world.host('h0').vms, ['a', 'b'], 'both VMs are where they were')
    assert.deepEqual(cluster.checker.checkAtRest(), [])
  }
})

test('the VM of a source that names such a URI is not admitted, so that its host is never asked there later', async () => {
  for (const sourceUri of harmful.slice(0, 4)) {
    const { cluster, opened } = await overloaded((message) => message)
    cluster.lies(0, (message) => (message.kind === 'admit' ? { ...message, sourceUri } : message))
    cluster.world.setCpu(asVmId('a'), 8_000)
    await cluster.run(20_000)
    assert.deepEqual(opened, [], sourceUri)
    assert.equal(cluster.outcomes().at(-1)?.code, 'peer.uri_refused')
  }
})

const self = asHostId('self')
const description: HostDescription = {
  ...ordinaryHost,
  capacity: { cpuMilli: 1_000, memoryMiB: 1_000 },
  migrationUri: 'qemu+tls://self/system',
}
const observed = (vm: VmId): ObservedVm => ({ ...ordinaryVm, vm, name: vm })

/** One agent, restarted with these actions open. */
const agent = (open: readonly OpenAction[]): Peer =>
  createPeer(peerInit(self, { incarnation: 2, restored: { ...nothingRestored, open } }))

test('nor is a URI opened that an older agent left in the journal', () => {
  const uri = 'qemu+ext:///system?command=/sbin/poweroff'
  const open = (kind: 'departure' | 'arrival', counter: number) => ({
    kind,
    action: `p.1.${counter}/0` as never,
    partition: partitionIdOf(asHostId('p'), 1, counter),
    epoch: 1,
    peerEpoch: 1,
    vm: asVmId(kind),
    name: kind,
    peer: asHostId('peer'),
    peerUri: uri,
    demand: { cpuMilli: 1, memoryMiB: 1 },
    paused: true,
  })
  const peer = agent([open('departure', 1), open('arrival', 2)])
  const effects = [0, 0].flatMap((now) => peer.step(now, { kind: 'described', description }))
  for (let now = 1_000; now < 60_000; now += 500) effects.push(...peer.step(now, { kind: 'tick' }))
  const asked = effects.flatMap((effect) =>
    effect.kind === 'inspect' || effect.kind === 'resume' ? [effect.at] : [],
  )
  assert.ok(asked.length > 10, 'its own hypervisor is asked again and again')
  assert.deepEqual([...new Set(asked)], [null], 'and no other')
  assert.ok(effects.some((effect) => effect.kind === 'warn' && effect.code === 'peer.uri_refused'))
})

test('a plan for a host called "constructor" is a plan like any other: what is said about it can be written', () => {
  for (const name of ['constructor', 'toString', 'hasOwnProperty']) {
    const [attacker, to, vm] = [asHostId('attacker'), asHostId(name), asVmId('a')]
    const peer = agent([])
    for (let i = 0; i < 2; i++) peer.step(0, { kind: 'described', description })
    peer.step(1, { kind: 'hypervisor', connected: true })
    for (const at of [2, 3]) peer.step(at, { kind: 'observed', askedAt: at, vms: [observed(vm)] })
    peer.step(3, { kind: 'jobs', askedAt: 3, outgoing: [], incoming: [] })
    const partition = partitionIdOf(attacker, 1, 1)
    const rank = { severity: 1, ageMs: 1, partition }
    let now = 10
    const say = (about: object) => {
      const message = { incarnation: 1, partition, ...about } as Message
      now += 10
      return peer.step(now, { kind: 'received', from: attacker, message })
    }
    const [granted] = say({
      kind: 'reserve',
      epoch: 0,
      rank,
      reason: 'overload.cpu',
      intent: 'lease',
    }).flatMap((effect) =>
      effect.kind === 'send' && effect.message.kind === 'granted' ? [effect.message] : [],
    )
    assert.ok(granted !== undefined)
    const { epoch, snapshot } = granted
    const { cpuMilli, memoryMiB } = usableOf(snapshot)
    const odd = {
      state: 'online',
      limit: [cpuMilli, memoryMiB],
      cpuBaseline: snapshot.cpuBaseline,
      failureDomain: null,
    } as const
    const wants = snapshot.vms[0]?.demand
    assert.ok(wants !== undefined)
    // It cures something: its leader is drained.
    const leaving = asVmId('leaving')
    const problem = {
      dimensions: ['cpuMilli', 'memoryMiB'],
      hosts: [
        { id: self, ...odd },
        { id: to, ...odd },
        { id: attacker, ...odd, state: 'draining' },
      ],
      vms: [
        {
          id: vm,
          host: self,
          state: 'running',
          wanted: 'running',
          demand: [wants.cpuMilli, wants.memoryMiB],
          memoryMiB: wants.memoryMiB,
          dirtyMiBps: snapshot.vms[0]?.dirtyMiBps,
          movable: true,
        },
        {
          id: leaving,
          host: attacker,
          state: 'running',
          wanted: 'running',
          demand: [1, 1],
          memoryMiB: 1,
          dirtyMiBps: 0,
          movable: true,
        },
      ],
      rules: [],
      bandwidthMiBps: 125,
      migrationsOutMax: 1,
      migrationsInMax: 1,
    }
    const action = actionIdOf(partition, 0)
    const plan = {
      actions: [
        { kind: 'migrate', id: action, vm, from: self, to, after: [] },
        { kind: 'migrate', id: actionIdOf(partition, 1), vm: leaving, from: attacker, to, after: [action] },
      ],
      makespanMs: 1,
    }
    const decision = exampleDecision
    say({ kind: 'assign', epoch, problem, plan, epochs: {}, decision })
    const sent = say({ kind: 'begin', epoch, action }).flatMap((effect) =>
      effect.kind === 'send' ? [effect.message] : [],
    )
    assert.ok(
      sent.some((message) => message.kind === 'admit'),
      'the odd host is asked, and will not answer',
    )
    for (const message of sent) assert.ok(decodeMessage(encodeMessage(message)) !== null, message.kind)
  }
})
