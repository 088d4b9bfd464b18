/**
 * Five agents probe each other over a bad network, in virtual time. A crash is noticed within a few periods;
 * loss, one-way cuts and pauses make no host dead for long; one that speaks again is alive again.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { limits } from '../data/config.ts'
import { asHostId, byText, type HostId } from '../data/ids.ts'
import { probeWorld } from '../testing/probe-world.ts'
import { createProber } from './probe.ts'
import { confirm, suspicionMsOf } from './suspicion.ts'

const periodMs = limits.probeMs

test('in a quiet world no host is suspected, and the traffic is one ping a period and host', () => {
  const world = probeWorld(5)
  world.run(100 * periodMs)
  assert.deepEqual(world.verdicts, [])
  assert.ok(world.sent() <= 5 * 101 * 2, `${world.sent()} messages`)
  assert.equal(world.published(), 0)
})

test('a crash is noticed by all within ten periods, and never before three hosts looked', () => {
  for (let seed = 1; seed <= 20; seed++) {
    const world = probeWorld(5, { seed })
    world.run(10 * periodMs + seed * 37)
    const crashedAt = world.now()
    world.crash(2)
    world.run(crashedAt + 10 * periodMs)
    for (const by of [0, 1, 3, 4]) assert.equal(world.thinksOf(by, 2), 'dead', `seed ${seed}, h${by}`)
    assert.equal(world.deathsOf(2).length, 4)
    assert.ok(world.deathsOf(2)[0]!.at >= crashedAt + periodMs)
    assert.deepEqual(new Set(world.verdicts.map((v) => v.host)), new Set([world.ids[2]]))
  }
})

test('a lost connection is a hint: the host is probed at once, and a crash noticed sooner', () => {
  const world = probeWorld(5)
  world.run(10 * periodMs)
  world.disconnected(0, 1)
  world.run(world.now() + 2 * periodMs)
  assert.deepEqual(world.verdicts, [], 'it answers: nothing happened')
  world.crash(1)
  const at = world.now()
  world.disconnected(0, 1)
  world.run(at + periodMs + 100)
  assert.equal(world.thinksOf(0, 1), 'suspect')
  world.run(at + 5 * periodMs + 100)
  assert.equal(world.thinksOf(0, 1), 'dead')
})

test('with one fifth of all messages lost for 1000 periods every suspicion is refuted', () => {
  let suspicions = 0
  for (const seed of [1, 2, 3]) {
    const world = probeWorld(5, { seed, loss: 0.2 })
    world.run(1_000 * periodMs)
    assert.deepEqual(
      world.verdicts.filter((v) => v.state === 'dead'),
      [],
      `seed ${seed}`,
    )
    suspicions += world.verdicts.filter((v) => v.state === 'suspect').length
    world.setLoss(0)
    world.run(world.now() + 10 * periodMs)
    for (const by of [0, 1, 2, 3, 4])
      for (const n of [0, 1, 2, 3, 4]) assert.equal(world.thinksOf(by, n), 'alive')
  }
  assert.ok(suspicions > 20, `the network was bad enough to be a test (${suspicions} suspicions)`)
})

test('a crash is noticed in spite of loss', () => {
  for (let seed = 1; seed <= 10; seed++) {
    const world = probeWorld(5, { seed, loss: 0.2 })
    world.run(20 * periodMs)
    world.crash(4)
    world.run(60 * periodMs)
    for (const by of [0, 1, 2, 3]) assert.equal(world.thinksOf(by, 4), 'dead', `seed ${seed}, h${by}`)
  }
})

test('a paused host doubts itself first: it wakes, and calls no other host dead', () => {
  for (const pauseMs of [400, 1_500, 4_000, 30_000]) {
    const world = probeWorld(5)
    world.run(10 * periodMs)
    world.pause(0, pauseMs)
    world.run(world.now() + pauseMs + 20)
    assert.ok(world.the(0).prober.score() > 0, `after ${pauseMs} ms`)
    world.run(world.now() + 40 * periodMs)
    const its = world.verdicts.filter((v) => v.by === world.ids[0])
    assert.deepEqual(its, [], `it accused no host after ${pauseMs} ms`)
    for (const by of [1, 2, 3, 4]) assert.equal(world.thinksOf(by, 0), 'alive', 'and is alive again for all')
    assert.equal(world.the(0).prober.score(), 0, 'its score has recovered')
  }
})

test('a pause in the middle of a suspicion does not count as silence', () => {
  const world = probeWorld(5)
  world.run(10 * periodMs)
  world.setGossip(false)
  world.pause(1, 3_000)
  world.disconnected(0, 1)
  world.run(world.now() + periodMs + 100)
  assert.equal(world.thinksOf(0, 1), 'suspect')
  world.pause(0, 20_000)
  world.run(world.now() + 20_000 + 2 * periodMs)
  assert.equal(world.thinksOf(0, 1), 'alive')
  assert.deepEqual(
    world.deathsOf(1).filter((v) => v.by === world.ids[0]),
    [],
  )
})

test('a one-way or two-way cut between two hosts makes neither dead: the others relay their probes', () => {
  for (const both of [false, true]) {
    const world = probeWorld(5)
    world.setGossip(false)
    world.cutOneWay(1, 0)
    if (both) world.cutOneWay(0, 1)
    world.run(200 * periodMs)
    assert.deepEqual(
      world.verdicts.filter((v) => v.state === 'dead'),
      [],
    )
  }
})

test('a host cut off from all is dead for them, as they are for it; after the cut all are alive, without gossip', () => {
  const world = probeWorld(5, { neighboursMax: 2 })
  world.setGossip(false)
  world.run(10 * periodMs)
  world.isolate(3)
  world.run(world.now() + 120 * periodMs)
  for (const by of [0, 1, 2, 4]) {
    assert.equal(world.thinksOf(by, 3), 'dead')
    assert.equal(world.thinksOf(3, by), 'dead')
  }
  world.heal()
  world.run(world.now() + 120 * periodMs)
  for (const by of [0, 1, 2, 3, 4])
    for (const n of [0, 1, 2, 3, 4]) assert.equal(world.thinksOf(by, n), 'alive', `h${by} of h${n}`)
})

test('a restarted agent is alive as soon as it speaks; a late message of its former life does not count', () => {
  const world = probeWorld(5)
  world.run(10 * periodMs)
  world.crash(2)
  world.run(world.now() + 12 * periodMs)
  assert.equal(world.thinksOf(0, 2), 'dead')
  world.restart(2)
  world.run(world.now() + 6 * periodMs)
  for (const by of [0, 1, 3, 4]) assert.equal(world.thinksOf(by, 2), 'alive')
  const step = world
    .the(0)
    .prober.onMessage(world.now(), world.ids[2]!, { kind: 'ping', incarnation: 1, sequence: 9 })
  assert.deepEqual(step, { send: [], changed: [], publish: false })
})

test('a newer summary revives a dead host', () => {
  const world = probeWorld(5)
  world.run(5 * periodMs)
  world.crash(2)
  world.run(world.now() + 12 * periodMs)
  const step = world.the(0).prober.onHeard(world.now(), world.ids[2]!, 2)
  assert.deepEqual(step.changed, [{ host: world.ids[2], state: 'alive' }])
  assert.deepEqual(world.the(0).prober.onHeard(world.now(), world.ids[2]!, 1).changed, [])
})

test('a suspected host answers its accuser and publishes, once a period', () => {
  const [a, b] = [asHostId('a'), asHostId('b')]
  const prober = createProber({ self: a, incarnation: 4 })
  prober.tick(0, [b], [])
  const accusation = { kind: 'suspect', incarnation: 1, subject: a, subjectIncarnation: 4 } as const
  const first = prober.onMessage(10, b, accusation)
  assert.equal(first.publish, true)
  assert.deepEqual(first.send, [{ to: b, message: { kind: 'ack', incarnation: 4, sequence: 0, subject: a } }])
  assert.equal(prober.onMessage(20, b, accusation).publish, false)
  assert.equal(prober.onMessage(10 + periodMs, b, accusation).publish, true)
  assert.ok(prober.score() >= 2, 'to be suspected is a reason to doubt oneself')
})

test('a helper pings the target and hands its ack on, once, and only the ack that was asked for', () => {
  const [helper, asker, target] = ['helper', 'asker', 'target'].map(asHostId) as [HostId, HostId, HostId]
  const prober = createProber({ self: helper, incarnation: 2 })
  const asked = prober.onMessage(0, asker, { kind: 'ping-req', incarnation: 1, sequence: 77, target })
  assert.equal(asked.send.length, 1)
  const { to, message } = asked.send[0]!
  assert.ok(to === target && message.kind === 'ping')
  const stray = { kind: 'ack', incarnation: 1, sequence: message.sequence + 1, subject: target } as const
  assert.deepEqual(prober.onMessage(1, target, stray).send, [])
  const wrong = { kind: 'ack', incarnation: 1, sequence: message.sequence, subject: asker } as const
  assert.deepEqual(prober.onMessage(1, asker, wrong).send, [])
  const ack = { kind: 'ack', incarnation: 1, sequence: message.sequence, subject: target } as const
  assert.deepEqual(prober.onMessage(2, target, ack).send, [
    { to: asker, message: { kind: 'ack', incarnation: 2, sequence: 77, subject: target } },
  ])
  assert.deepEqual(prober.onMessage(3, target, ack).send, [])
})

test('an old acknowledgement does not revive a dead host', () => {
  const [a, b, c] = ['a', 'b', 'c'].map(asHostId) as [HostId, HostId, HostId]
  const prober = createProber({ self: a, incarnation: 1 })
  let now = 0
  while (prober.stateOf(b) !== 'dead') {
    const step = prober.tick(now, [b, c], [])
    for (const { to, message } of step.send)
      if (to === c && message.kind === 'ping')
        prober.onMessage(now, c, { kind: 'ack', incarnation: 1, sequence: message.sequence, subject: c })
    now = Math.max(now + 1, prober.nextAt()!)
    assert.ok(now < 100 * periodMs)
  }
  for (let sequence = 0; sequence < 50; sequence++)
    prober.onMessage(now, c, { kind: 'ack', incarnation: 1, sequence, subject: b })
  assert.equal(prober.stateOf(b), 'dead')
})

test('a clock that is set back delays no verdict for long', () => {
  const [a, b, c] = ['a', 'b', 'c'].map(asHostId) as [HostId, HostId, HostId]
  const prober = createProber({ self: a, incarnation: 1 })
  prober.tick(1_000_000, [b, c], [])
  prober.tick(10, [b, c], [])
  assert.ok(prober.nextAt()! <= 10 + 2 * periodMs)
})

test('nothing grows without bound when a switch dies and strangers send', () => {
  const self = asHostId('self')
  const many = Array.from({ length: 2_000 }, (_, n) => asHostId(`m${n}`))
  const prober = createProber({ self, incarnation: 1 })
  prober.tick(0, many.slice(0, 4), many)
  const burst = many.flatMap((host) => [...prober.onDisconnected(1, host).send])
  assert.ok(burst.length <= 32, `${burst.length} probes at once`)
  let sent = 0
  for (const host of many)
    sent += prober.onMessage(2, asHostId(`x${host}`), {
      kind: 'ping-req',
      incarnation: 1,
      sequence: 1,
      target: host,
    }).send.length
  assert.equal(sent, many.length, 'each request is one ping')
  assert.equal(prober.stateOf(asHostId('xm1')), 'alive')
})

test('a suspicion is shorter the more confirm it, longer the worse our own score', () => {
  const hosts = ['a', 'b', 'c', 'd'].map(asHostId)
  let suspicion: Parameters<typeof suspicionMsOf>[0] = { since: 0, confirmedBy: [] }
  const lengths = [suspicionMsOf(suspicion, 0)]
  for (const by of hosts) {
    suspicion = confirm(confirm(suspicion, by), by)
    lengths.push(suspicionMsOf(suspicion, 0))
  }
  assert.deepEqual(lengths, [3_000, 2_000, 1_416, 1_000, 1_000])
  assert.deepEqual([...suspicion.confirmedBy].sort(byText), suspicion.confirmedBy)
  for (let score = 0; score <= limits.slownessMax; score++)
    assert.equal(suspicionMsOf(suspicion, score), 1_000 * (1 + score))
})
