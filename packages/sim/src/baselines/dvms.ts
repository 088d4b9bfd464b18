/**
 * DVMS (Quesnel, Lèbre, Südholt, CCPE 25(12), 2013) as VMPlaceS runs it. A host that sees itself overloaded sends an event
 * (an *iterative scheduling procedure*) to the next host. Each free host that the event reaches joins the partition,
 * leads it from then on, tells all its members one after another, and solves anew; a plan is carried out at once, after
 * which all members are let go, and without one the event goes on. A booked host passes the event on.
 *
 * What follows from that, and is kept: a partition has four hosts at least, even where two would do; all of them are
 * locked until the last migration has ended; and since the leader knows only *plan* and *no plan*, an event whose
 * overload has vanished by itself goes on and on until some member is overloaded, or no host is left.
 */
import type { RunHost, Scheduler, SimulatedRun } from '../run/simulated-run.ts'
import { messageBytes, messageMs as messageMsOfVmplaces, planningMs } from './costs.ts'
import { overloaded } from './first-choice.ts'
import { carryOut, decide } from './placement.ts'

export interface DvmsOptions {
  /** `ring`: the neighbour after it. `random`: any host outside the partition. */
  readonly next?: 'ring' | 'random'
  /** Each host looks at its own load so often, at a phase of its own, ms. */
  readonly pollMs?: number
  readonly membersMin?: number
  /** A partition of which nothing was heard for so long is dissolved, ms. */
  readonly timeoutMs?: number
  readonly messageMs?: number
  /** Of our solver. */
  readonly nodesMax?: number
}

type Settings = Readonly<Required<DvmsOptions>>

interface Partition {
  readonly members: RunHost[]
  readonly joinedMs: number[]
  dissolved: boolean
  /** Booked hosts that the event has passed since a host joined. */
  passed: number
  cancelTimeout: () => void
}

interface DvmsState {
  readonly run: SimulatedRun
  readonly settings: Settings
  /** The partition of each host. */
  readonly booked: (Partition | null)[]
  readonly nextOf: Next
  /** Where in its period each host polls, ms. */
  readonly phaseMs: readonly number[]
  /** Hosts whose next poll is a timer. */
  readonly watched: boolean[]
}

const say = ({ run: { kernel, metrics }, settings }: DvmsState, count: number, then: () => void): void => {
  metrics.messages(count, count * messageBytes)
  kernel.after(count * settings.messageMs, then)
}

/** Each member but the leader is asked, and answers, one after another. */
const tellAll = (state: DvmsState, partition: Partition, times: number, then: () => void): void =>
  say(state, 2 * times * (partition.members.length - 1), then)

const join = ({ run, booked }: DvmsState, partition: Partition, host: RunHost): void => {
  booked[host.index] = partition
  partition.members.push(host)
  partition.joinedMs.push(run.kernel.now())
  partition.passed = 0
}

const arm = (state: DvmsState, partition: Partition): void => {
  partition.cancelTimeout()
  partition.cancelTimeout = state.run.kernel.after(state.settings.timeoutMs, () => dissolve(state, partition))
}

const dissolve = (state: DvmsState, partition: Partition): void => {
  const { run, booked, settings } = state
  if (partition.dissolved) return
  partition.dissolved = true
  partition.cancelTimeout()
  for (const [i, host] of partition.members.entries()) {
    booked[host.index] = null
    run.metrics.held(host, partition.joinedMs[i]!, run.kernel.now())
    watch(state, host)
  }
  if (partition.members.length >= settings.membersMin) run.metrics.solved(partition.members)
}

/** The host sees itself overloaded. */
const detect = (state: DvmsState, host: RunHost): void => {
  if (state.booked[host.index] !== null || host.leavingMilli > 0) return
  const partition: Partition = {
    members: [],
    joinedMs: [],
    dissolved: false,
    passed: 0,
    cancelTimeout: () => {},
  }
  join(state, partition, host)
  forward(state, partition, host)
}

const forward = (state: DvmsState, partition: Partition, from: RunHost): void => {
  arm(state, partition)
  const to = state.nextOf(partition, from)
  if (to !== null) say(state, 1, () => receive(state, partition, to))
}

const receive = (state: DvmsState, partition: Partition, host: RunHost): void => {
  if (partition.dissolved) return
  if (state.booked[host.index] === null) {
    join(state, partition, host)
    // It asks the initiator whether all this is still so, then tells the members of the new one.
    say(state, 2, () => tellAll(state, partition, 1, () => solve(state, partition, host)))
    return
  }
  // Two laps among booked hosts are a deadlock.
  const { hosts } = state.run
  if (++partition.passed >= 2 * (hosts.length - partition.members.length)) return dissolve(state, partition)
  const to = state.nextOf(partition, host)
  if (to !== null) say(state, 1, () => receive(state, partition, to))
}

const solve = (state: DvmsState, partition: Partition, leader: RunHost): void => {
  const { run, settings } = state
  if (partition.dissolved) return
  const { members } = partition
  if (members.length < settings.membersMin) return grow(state, partition, leader)
  const ill = members.filter(overloaded)
  const decision = decide(run, [...members].reverse(), settings.nodesMax)
  partition.cancelTimeout()
  run.kernel.after(planningMs(members.length, ill.length), () => {
    if (decision.kind !== 'plan') return grow(state, partition, leader)
    carryOut(run, members, decision.actions, (complete) => {
      if (!complete) return grow(state, partition, leader)
      for (const _ of ill) run.metrics.cured()
      tellAll(state, partition, 3, () => dissolve(state, partition))
    })
  })
}

const grow = (state: DvmsState, partition: Partition, leader: RunHost): void => {
  arm(state, partition)
  tellAll(state, partition, 1, () => {
    if (!partition.dissolved) forward(state, partition, leader)
  })
}

/** A poll that would see nothing is not simulated: each host's next one is, once it is overloaded. */
const watch = (state: DvmsState, host: RunHost): void => {
  const { run, booked, watched, phaseMs, settings } = state
  const { index } = host
  if (watched[index] || booked[index] !== null || !overloaded(host)) return
  watched[index] = true
  const { pollMs } = settings
  const since = run.kernel.now() - phaseMs[index]!
  run.kernel.after((Math.floor(since / pollMs) + 1) * pollMs - since, () => {
    watched[index] = false
    if (overloaded(host)) detect(state, host)
    watch(state, host)
  })
}

type Next = (partition: Partition, from: RunHost) => RunHost | null

/** The first after it that is not of the partition. */
const ringNext =
  (hosts: readonly RunHost[], booked: readonly (Partition | null)[]): Next =>
  (partition, from) => {
    for (let step = 1; step < hosts.length; step++) {
      const host = hosts[(from.index + step) % hosts.length]!
      if (booked[host.index] !== partition) return host
    }
    return null
  }

const randomNext = ({ hosts, random }: SimulatedRun, booked: readonly (Partition | null)[]): Next => {
  const dice = random('dvms.next')
  return (partition) => {
    // Drawn until it fits while that is quick, from a list otherwise.
    if (2 * partition.members.length < hosts.length)
      for (;;) {
        const host = dice.pick(hosts)
        if (booked[host.index] !== partition) return host
      }
    const others = hosts.filter((host) => booked[host.index] !== partition)
    return others.length === 0 ? null : dice.pick(others)
  }
}

export const dvms = (options: DvmsOptions = {}): Scheduler => {
  const settings: Settings = {
    next: 'ring',
    pollMs: 1000,
    membersMin: 4,
    timeoutMs: 4500,
    messageMs: messageMsOfVmplaces,
    nodesMax: 3000,
    ...options,
  }
  return {
    name: settings.next === 'ring' ? 'dvms' : 'dvms-random',
    begin(run) {
      const { hosts } = run
      const booked: (Partition | null)[] = hosts.map(() => null)
      const state: DvmsState = {
        run,
        settings,
        booked,
        nextOf: settings.next === 'ring' ? ringNext(hosts, booked) : randomNext(run, booked),
        phaseMs: hosts.map(({ index }) => run.random('dvms.phase', index).fraction() * settings.pollMs),
        watched: hosts.map(() => false),
      }
      run.onChange((host) => watch(state, host))
      for (const host of hosts) watch(state, host)
    },
  }
}
