/** How demand changes. Every seed has steps; the other shapes are drawn. */
import type { Random } from '../../../packages/sim/src/random.ts'
import { type Draft, type Kind, moment, someHost, times } from '../kind.ts'
import type { TimedCommand } from '../schedule.ts'

const capacityMilli = 8_000

/** Some VMs of one host want much, or little. */
const steps: Kind = {
  name: 'steps',
  chance: 1,
  events: (draw, draft) =>
    times(draw, draft, 12, () => {
      const host = someHost(draw, draft)
      const some = draw.shuffle(draft.vms.filter((vm) => vm.host === host)).slice(0, 3)
      const atMs = moment(draw, draft)
      return some.map(({ name }) => ({ atMs, command: `cpu ${name} ${draw.integer(200, 3_000)}` }))
    }),
}

/** All VMs that are on one host now want more together than it has, for a while. */
const flashCrowds: Kind = {
  name: 'flash crowds',
  chance: 0.4,
  events: (draw, draft) =>
    times(draw, draft, 4, () => {
      const host = someHost(draw, draft)
      const atMs = moment(draw, draft)
      const much = draw.integer(capacityMilli, 2 * capacityMilli)
      return [
        { atMs, command: `overload h${host} ${much}` },
        {
          atMs: atMs + draw.integer(2_000, 40_000),
          command: `overload h${host} ${draw.integer(3_000, 6_000)}`,
        },
      ]
    }),
}

/** All VMs of the cluster rise and fall together. */
const waves: Kind = {
  name: 'waves',
  chance: 0.25,
  events(draw, draft) {
    const periodMs = draw.pick([20_000, 60_000, 120_000])
    const peak = draw.integer(1_200, 2_200)
    const low = draw.integer(200, 800)
    const names = draft.vms.map(({ name }) => name).join(',')
    const events: TimedCommand[] = []
    for (let atMs = draft.fromMs; atMs < draft.untilMs; atMs += periodMs / 8) {
      const share = (1 - Math.cos((2 * Math.PI * (atMs - draft.fromMs)) / periodMs)) / 2
      events.push({ atMs, command: `cpu ${names} ${Math.round(low + share * (peak - low))}` })
    }
    return events
  },
}

/** A host at the edge: a little above what is usable, a little below, again and again. */
const edges = (draw: Random, draft: Draft): readonly TimedCommand[] => {
  const host = someHost(draw, draft)
  const everyMs = draw.pick([700, 2_500, 8_000])
  const startMs = moment(draw, draft)
  return Array.from({ length: 16 }, (_, i) => ({
    atMs: startMs + i * everyMs,
    command: `overload h${host} ${capacityMilli + (i % 2 === 0 ? 1 : -1) * draw.integer(20, 400)}`,
  })).filter(({ atMs }) => atMs < draft.untilMs)
}

const oscillation: Kind = {
  name: 'oscillation',
  chance: 0.25,
  events: (draw, draft) => times(draw, { ...draft, scale: 1 }, 3, () => edges(draw, draft)),
}

/** More is wanted than the whole cluster has. */
const infeasible: Kind = {
  name: 'infeasible load',
  chance: 0.2,
  events(draw, draft) {
    const names = draft.vms.map(({ name }) => name).join(',')
    const atMs = moment(draw, draft)
    const much = Math.round((capacityMilli * draft.hosts * (1.05 + draw.fraction())) / draft.vms.length)
    return [
      { atMs, command: `cpu ${names} ${much}` },
      { atMs: atMs + draw.integer(5_000, 60_000), command: `cpu ${names} ${draw.integer(400, 1_000)}` },
    ]
  },
}

/** All hosts are nearly full, now one of them is too full and then another: a VM comes only where another one goes. */
const tight: Kind = {
  name: 'tight loads',
  chance: 0.2,
  events(draw, draft) {
    const everyMs = draw.pick([8_000, 15_000, 30_000])
    const events: TimedCommand[] = []
    for (let atMs = draft.fromMs; atMs < draft.untilMs; atMs += everyMs) {
      const full = someHost(draw, draft)
      for (let host = 0; host < draft.hosts; host++) {
        const much = host === full ? draw.integer(8_100, 8_600) : draw.integer(6_200, 7_400)
        if (host === full || draw.chance(0.3)) events.push({ atMs, command: `overload h${host} ${much}` })
      }
    }
    return events
  },
}

/**
 * Nearly all hosts want far more than they have, and one has a little room, for small VMs: what could move would hardly help.
 */
const littleRoom: Kind = {
  name: 'little room',
  unsettled: true,
  chance: 0.2,
  events: (draw, draft) =>
    times(draw, { ...draft, scale: 1 }, 3, () => {
      const atMs = moment(draw, draft)
      const roomy = someHost(draw, draft)
      const overMs = atMs + draw.integer(10_000, 40_000)
      const loads = Array.from({ length: draft.hosts }, (_, host) => ({
        atMs,
        command: `overload h${host} ${host === roomy ? draw.integer(7_000, 7_700) : draw.integer(12_000, 20_000)}`,
      }))
      const small = draw.shuffle(draft.vms).slice(0, 1 + Math.floor(draft.vms.length / 4))
      return [
        ...loads,
        ...small.map(({ name }) => ({ atMs, command: `cpu ${name} ${draw.integer(100, 500)}` })),
        ...loads.map((_, host) => ({
          atMs: overMs,
          command: `overload h${host} ${draw.integer(2_000, 6_000)}`,
        })),
      ]
    }),
}

/** Memory is scarce everywhere: a VM that wants little CPU may need much room, and comes only where another one goes. */
const smallMemory: Kind = {
  name: 'small memory',
  unsettled: true,
  chance: 0.2,
  cluster: (draw) => [`memoryMiB=${draw.pick([3_000, 4_000, 6_000])}`],
}

/** VMs grow and shrink in memory. */
const balloons: Kind = {
  name: 'balloons',
  chance: 0.25,
  events: (draw, draft) =>
    times(draw, draft, 6, () => [
      {
        atMs: moment(draw, draft),
        command: `memory ${draw.pick(draft.vms).name} ${draw.pick([128, 512, 2_048, 6_144])}`,
      },
    ]),
}

export const loadKinds: readonly Kind[] = [
  steps,
  flashCrowds,
  waves,
  oscillation,
  infeasible,
  tight,
  littleRoom,
  smallMemory,
  balloons,
]
