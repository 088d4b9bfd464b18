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

interface Partition {
  readonly members: RunHost[]
  readonly joinedMs: number[]
  dissolved: boolean
  /** Booked hosts that the event has passed since a host joined. */
  passed: number
  cancelTimeout: () => void
}

export const dvms = ({
  next: nextIs = 'ring',
  pollMs = 1000,
  membersMin = 4,
  timeoutMs = 4500,
  messageMs = messageMsOfVmplaces,
  nodesMax = 3000,
}: DvmsOptions = {}): Scheduler => ({
  name: nextIs === 'ring' ? 'dvms' : 'dvms-random',
  begin(run) {
    const { kernel, hosts, metrics } = run
    /** The partition of each host. */
    const booked: (Partition | null)[] = hosts.map(() => null)
    const nextOf = nextIs === 'ring' ? ringNext(hosts, booked) : randomNext(run, booked)

    const say = (count: number, then: () => void): void => {
      metrics.messages(count, count * messageBytes)
      kernel.after(count * messageMs, then)
    }
    /** Each member but the leader is asked, and answers, one after another. */
    const tellAll = (partition: Partition, times: number, then: () => void): void =>
      say(2 * times * (partition.members.length - 1), then)

    const join = (partition: Partition, host: RunHost): void => {
      booked[host.index] = partition
      partition.members.push(host)
      partition.joinedMs.push(kernel.now())
      partition.passed = 0
    }
    const arm = (partition: Partition): void => {
      partition.cancelTimeout()
      partition.cancelTimeout = kernel.after(timeoutMs, () => dissolve(partition))
    }
    const dissolve = (partition: Partition): void => {
      if (partition.dissolved) return
      partition.dissolved = true
      partition.cancelTimeout()
      for (const [i, host] of partition.members.entries()) {
        booked[host.index] = null
        metrics.held(host, partition.joinedMs[i]!, kernel.now())
        watch(host)
      }
      if (partition.members.length >= membersMin) metrics.solved(partition.members)
    }

    const detect = (host: RunHost): void => {
      if (booked[host.index] !== null || host.leavingMilli > 0) return
      const partition: Partition = {
        members: [],
        joinedMs: [],
        dissolved: false,
        passed: 0,
        cancelTimeout: () => {},
      }
      join(partition, host)
      forward(partition, host)
    }
    const forward = (partition: Partition, from: RunHost): void => {
      arm(partition)
      const to = nextOf(partition, from)
      if (to !== null) say(1, () => receive(partition, to))
    }
    const receive = (partition: Partition, host: RunHost): void => {
      if (partition.dissolved) return
      if (booked[host.index] !== null) {
        // Two laps among booked hosts are a deadlock.
        if (++partition.passed >= 2 * (hosts.length - partition.members.length)) return dissolve(partition)
        const to = nextOf(partition, host)
        if (to !== null) say(1, () => receive(partition, to))
        return
      }
      join(partition, host)
      // It asks the initiator whether all this is still so, then tells the members of the new one.
      say(2, () => tellAll(partition, 1, () => solve(partition, host)))
    }
    const solve = (partition: Partition, leader: RunHost): void => {
      if (partition.dissolved) return
      const { members } = partition
      if (members.length < membersMin) return grow(partition, leader)
      const ill = members.filter(overloaded)
      const decision = decide(run, [...members].reverse(), nodesMax)
      partition.cancelTimeout()
      kernel.after(planningMs(members.length, ill.length), () => {
        if (decision.kind !== 'plan') return grow(partition, leader)
        carryOut(run, members, decision.actions, (complete) => {
          if (!complete) return grow(partition, leader)
          for (const _ of ill) metrics.cured()
          tellAll(partition, 3, () => dissolve(partition))
        })
      })
    }
    const grow = (partition: Partition, leader: RunHost): void => {
      arm(partition)
      tellAll(partition, 1, () => {
        if (!partition.dissolved) forward(partition, leader)
      })
    }

    // A poll that would see nothing is not simulated: each host's next one is, once it is overloaded.
    const phaseMs = hosts.map(({ index }) => run.random('dvms.phase', index).fraction() * pollMs)
    const watched = hosts.map(() => false)
    const watch = (host: RunHost): void => {
      const { index } = host
      if (watched[index] || booked[index] !== null || !overloaded(host)) return
      watched[index] = true
      const since = kernel.now() - phaseMs[index]!
      kernel.after((Math.floor(since / pollMs) + 1) * pollMs - since, () => {
        watched[index] = false
        if (overloaded(host)) detect(host)
        watch(host)
      })
    }
    run.onChange(watch)
    for (const host of hosts) watch(host)
  },
})

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
