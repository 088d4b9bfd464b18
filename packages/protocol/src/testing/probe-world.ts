/** Agents that probe each other over a bad network, in virtual time; for stories of the failure detector. */
import { randomStream } from '@drover/placement'
import { asHostId, type HostId, type Instant } from '../data/ids.ts'
import type { ProbeMessage } from '../data/message.ts'
import { createProber, type Prober } from '../ring/probe.ts'
import type { Step } from '../ring/probe-state.ts'
import type { Liveness } from '../ring/ring-view.ts'

/** The same losses on every run. */
const randomOf = (seed: number) => {
  const { below } = randomStream(seed)
  return (): number => below(2 ** 32) / 2 ** 32
}

interface Host {
  readonly id: HostId
  prober: Prober
  incarnation: number
  up: boolean
  /** Asleep until then: its mail waits. */
  pausedUntil: Instant
  readonly mail: { from: HostId; message: ProbeMessage }[]
}
export interface Verdict {
  readonly at: Instant
  readonly by: HostId
  readonly host: HostId
  readonly state: Liveness
}

interface World {
  readonly ids: readonly HostId[]
  readonly hosts: ReadonlyMap<HostId, Host>
  readonly neighboursMax: number
  readonly random: () => number
  readonly verdicts: Verdict[]
  /** Directed links that deliver nothing, as `from>to`. */
  readonly cut: Set<string>
  flying: { at: Instant; from: HostId; to: HostId; message: ProbeMessage }[]
  now: Instant
  published: number
  sent: number
  loss: number
  /** Whether a refutation's summary reaches the others (as gossip does, by any path). */
  gossips: boolean
}

const carryOut = (world: World, host: Host, step: Step): void => {
  const { random, cut, now } = world
  for (const { to, message } of step.send) {
    world.sent += 1
    if (random() < world.loss || cut.has(`${host.id}>${to}`)) continue
    world.flying.push({ at: now + 5 + Math.floor(random() * 45), from: host.id, to, message })
  }
  for (const change of step.changed) world.verdicts.push({ at: now, by: host.id, ...change })
  if (!step.publish) return
  world.published += 1
  if (!world.gossips) return
  for (const other of world.hosts.values()) {
    const deaf = other.id === host.id || !other.up || other.pausedUntil > now
    if (deaf || random() < world.loss || cut.has(`${host.id}>${other.id}`)) continue
    carryOut(world, other, other.prober.onHeard(now, host.id, host.incarnation))
  }
}

const tick = (world: World, host: Host): void => {
  const { ids } = world
  const at = ids.indexOf(host.id)
  const around = ids.map((_, i) => ids[(at + i) % ids.length]!).filter((id) => id !== host.id)
  const alive = around.filter((id) => host.prober.stateOf(id) !== 'dead')
  carryOut(world, host, host.prober.tick(world.now, alive.slice(0, world.neighboursMax), around))
}

const deliver = (world: World): void => {
  const { now } = world
  const due = world.flying.filter((f) => f.at <= now).sort((a, b) => a.at - b.at)
  world.flying = world.flying.filter((f) => f.at > now)
  for (const { from, to, message } of due) {
    const host = world.hosts.get(to)!
    if (!host.up) continue
    if (host.pausedUntil > now) host.mail.push({ from, message })
    else carryOut(world, host, host.prober.onMessage(now, from, message))
  }
}

const runUntil = (world: World, untilMs: Instant): void => {
  for (; world.now < untilMs; world.now += 10) {
    deliver(world)
    for (const host of world.hosts.values()) {
      if (!host.up || host.pausedUntil > world.now) continue
      // Timers fire before the mail is read: as an event loop that wakes from a pause.
      const at = host.prober.nextAt()
      if (at === null || at <= world.now) tick(world, host)
      for (const { from, message } of host.mail.splice(0))
        carryOut(world, host, host.prober.onMessage(world.now, from, message))
    }
  }
}

const hostOf = (id: HostId): Host => ({
  id,
  incarnation: 1,
  prober: createProber({ self: id, incarnation: 1 }),
  up: true,
  pausedUntil: 0,
  mail: [],
})

/** A world of `count` hosts, all neighbours of each other unless `neighboursMax` says less. */
export const probeWorld = (
  count: number,
  options: { seed?: number; loss?: number; neighboursMax?: number } = {},
) => {
  const ids = Array.from({ length: count }, (_, n) => asHostId(`h${n}`))
  const hosts = new Map(ids.map((id) => [id, hostOf(id)]))
  const world: World = {
    ids,
    hosts,
    neighboursMax: options.neighboursMax ?? 4,
    random: randomOf(options.seed ?? 1),
    verdicts: [],
    cut: new Set(),
    flying: [],
    now: 0,
    published: 0,
    sent: 0,
    loss: options.loss ?? 0,
    gossips: true,
  }
  const { verdicts, cut } = world
  const run = (untilMs: Instant): void => runUntil(world, untilMs)
  const the = (n: number): Host => hosts.get(ids[n]!)!
  return {
    ids,
    the,
    run,
    verdicts,
    now: () => world.now,
    published: () => world.published,
    sent: () => world.sent,
    crash: (n: number): void => {
      the(n).up = false
    },
    restart: (n: number): void => {
      const host = the(n)
      host.incarnation += 1
      host.prober = createProber({ self: host.id, incarnation: host.incarnation })
      host.mail.length = 0
      host.up = true
    },
    pause: (n: number, forMs: number): void => {
      the(n).pausedUntil = world.now + forMs
    },
    cutOneWay: (from: number, to: number): void => {
      cut.add(`${ids[from]}>${ids[to]}`)
    },
    isolate: (n: number): void => {
      for (const id of ids) cut.add(`${ids[n]}>${id}`).add(`${id}>${ids[n]}`)
    },
    heal: (): void => cut.clear(),
    setLoss: (share: number): void => {
      world.loss = share
    },
    setGossip: (on: boolean): void => {
      world.gossips = on
    },
    deathsOf: (n: number): Verdict[] => verdicts.filter((v) => v.host === ids[n] && v.state === 'dead'),
    thinksOf: (by: number, n: number): Liveness => the(by).prober.stateOf(ids[n]!),
    disconnected: (by: number, n: number): void =>
      carryOut(world, the(by), the(by).prober.onDisconnected(world.now, ids[n]!)),
  }
}
