/** Agents, their journals, clocks and hosts fail and come back. */
import type { Random } from '../../../packages/sim/src/random.ts'
import { type Draft, duration, type Kind, lasting, moment, someHost, times } from '../kind.ts'
import type { TimedCommand } from '../schedule.ts'

/** Dead for a while: shorter than a suspicion, longer than a lease, longer than a promise (34 s), or until the core is healed. */
const deadMs = (draw: Random): number | null => {
  const kind = draw.integer(0, 9)
  if (kind < 4) return draw.integer(50, 3_000)
  if (kind < 7) return draw.integer(3_000, 20_000)
  if (kind < 9) return draw.integer(20_000, 60_000)
  return null
}

const back = (atMs: number, lastsMs: number | null, command: string): readonly TimedCommand[] =>
  lastsMs === null ? [] : [{ atMs: atMs + lastsMs, command }]

/** What an agent that dies finds of its journal, by the kinds that the seed has. */
const journalOf = (draw: Random, { has }: Draft, host: number): string | null => {
  const fates = [
    ...(has('lost journals') ? [`lose-journal h${host}`] : []),
    ...(has('torn journals') ? [`tear-journal h${host}`, `tear-journal h${host} 3`] : []),
  ]
  return fates.length > 0 && draw.chance(0.5) ? draw.pick(fates) : null
}

const death = (draw: Random, draft: Draft, host: number, atMs: number): readonly TimedCommand[] => {
  const fate = journalOf(draw, draft, host)
  return [
    { atMs, command: `kill-agent h${host}` },
    ...(fate === null ? [] : [{ atMs, command: fate }]),
    ...back(atMs, deadMs(draw), `restart-agent h${host}`),
  ]
}

/** As kill -9. */
const deaths: Kind = {
  name: 'agent deaths',
  chance: 0.5,
  events: (draw, draft) =>
    times(draw, draft, 6, () => death(draw, draft, someHost(draw, draft), moment(draw, draft))),
}

/** Several agents die at once, or all of them. */
const massDeaths: Kind = {
  name: 'deaths at once',
  chance: 0.25,
  events: (draw, draft) =>
    times(draw, { ...draft, scale: 1 }, 3, () => {
      const atMs = moment(draw, draft)
      const all = draw.shuffle(Array.from({ length: draft.hosts }, (_, host) => host))
      const some = draw.chance(0.3) ? all : all.slice(0, draw.integer(2, Math.max(2, draft.hosts - 1)))
      return some.flatMap((host) => death(draw, draft, host, atMs))
    }),
}

/** In order, as `systemctl restart`. */
const restarts: Kind = {
  name: 'orderly restarts',
  chance: 0.25,
  events: (draw, draft) =>
    times(draw, draft, 3, () => {
      const host = someHost(draw, draft)
      const atMs = moment(draw, draft)
      return [
        { atMs, command: `stop-agent h${host}` },
        { atMs: atMs + draw.integer(1_000, 60_000), command: `restart-agent h${host}` },
      ]
    }),
}

/** Only in seeds in which agents die. */
const lostJournals: Kind = { name: 'lost journals', chance: 0.3 }
const tornJournals: Kind = { name: 'torn journals', chance: 0.3 }

/** The disk of a host is full for a while. */
const fullJournals: Kind = {
  name: 'full disks',
  chance: 0.3,
  events: (draw, draft) =>
    times(draw, draft, 3, () => {
      const host = someHost(draw, draft)
      const atMs = moment(draw, draft)
      return [
        { atMs, command: `full-journal h${host}${draw.chance(0.4) ? ` after=${draw.integer(1, 4)}` : ''}` },
        { atMs: Math.min(atMs + duration(draw), draft.untilMs), command: `full-journal h${host} off` },
      ]
    }),
}

/** Power failures. At most half of the hosts, so that something is left. */
const hosts: Kind = {
  name: 'host deaths',
  chance: 0.3,
  // A grey window leaves a definition behind, and a host that boots starts what is defined on it: for the operator (R1).
  not: ['migration faults'],
  events(draw, draft) {
    const mortal = draw
      .shuffle(Array.from({ length: draft.hosts }, (_, host) => host))
      .slice(0, Math.max(1, Math.floor(draft.hosts / 2)))
    return times(draw, draft, 3, () => {
      const host = draw.pick(mortal)
      const atMs = moment(draw, draft)
      return [{ atMs, command: `kill-host h${host}` }, ...back(atMs, deadMs(draw), `boot-host h${host}`)]
    })
  },
}

/** A process that stands still between two steps: its host is starved, or it was stopped. 0.1 s to ten leases. */
const freezes: Kind = {
  name: 'freezes',
  chance: 0.45,
  events: (draw, draft) =>
    times(draw, draft, 6, () => {
      const asleep = draw.chance(0.15) ? ' asleep' : ''
      const host = someHost(draw, draft)
      return [{ atMs: moment(draw, draft), command: `freeze h${host} ${duration(draw)}ms${asleep}` }]
    }),
}

const effects = [
  'perform',
  'persist',
  'granted',
  'admitted',
  'admit',
  'begin',
  'assign',
  'hand-over',
  'took-over',
  'ended',
]

/** The same in the middle of a step. */
const freezesInStep: Kind = {
  name: 'freezes in a step',
  chance: 0.3,
  events: (draw, draft) =>
    times(draw, draft, 4, () => {
      const command = `freeze h${someHost(draw, draft)} ${duration(draw)}ms before=${draw.pick(effects)}`
      return [{ atMs: moment(draw, draft), command }]
    }),
}

/** Disks take their time over each record, and an agent may die meanwhile. */
const slowDisks: Kind = {
  name: 'slow disks',
  chance: 0.35,
  events: (draw, draft) =>
    times(draw, draft, 3, () => {
      const host = someHost(draw, draft)
      const meanMs = draw.pick([5, 50, 200, 1_000])
      return [
        ...lasting(
          draw,
          draft,
          `fsync h${host} ${meanMs}ms ${Math.round(meanMs / 2)}ms`,
          `fsync h${host} 0ms`,
        ),
        ...(draw.chance(0.4) ? [{ atMs: moment(draw, draft), command: `crash-in-fsync h${host}` }] : []),
      ]
    }),
}

/** Monotonic clocks run up to 1 % too fast or too slow. */
const clockRates: Kind = {
  name: 'clock rates',
  chance: 0.4,
  events: (draw, draft) =>
    Array.from({ length: draft.hosts }, (_, host) => ({
      atMs: 0,
      command: `clock-rate h${host} ${(0.99 + draw.fraction() * 0.02).toFixed(4)}`,
    })),
}

const yearMs = 365 * 24 * 3_600_000
const jumps = [-yearMs, -3_600_000, -60_000, 60_000, 3_600_000, 3 * yearMs]

/** Some day in 2023: a clock that is set back must not show a time before 1970. */
const someDayMs = 1_700_000_000_000

const wallClocks: Kind = {
  name: 'wall clocks',
  chance: 0.4,
  events: (draw, draft) =>
    Array.from({ length: draft.hosts }, (_, host) => {
      let offsetMs = someDayMs + draw.integer(-60_000, 60_000)
      const show = (atMs: number): TimedCommand => ({
        atMs,
        command: `wall-clock h${host} ${new Date(offsetMs + atMs).toISOString()}`,
      })
      const jumpsAt = Array.from({ length: draw.integer(0, 3) }, () => moment(draw, draft)).toSorted(
        (a, b) => a - b,
      )
      return [
        show(draft.fromMs),
        ...jumpsAt.map((atMs) => {
          offsetMs += draw.pick(jumps)
          return show(atMs)
        }),
      ]
    }).flat(),
}

/** A host is away while an agent is restarted, and the only one there when that starts without its journal: it has missed a life. */
const missedLife = (draw: Random, draft: Draft, host: number, fromMs: number, toMs: number) => {
  const others = Array.from({ length: draft.hosts }, (_, index) => index).filter((index) => index !== host)
  const away = draw.pick(others)
  const laterMs = draw.integer(2_000, 30_000)
  return others.flatMap((other): readonly TimedCommand[] =>
    other === away
      ? [
          { atMs: fromMs, command: `kill-agent h${other}` },
          { atMs: toMs, command: `restart-agent h${other}` },
        ]
      : [
          { atMs: toMs, command: `kill-agent h${other}` },
          { atMs: toMs + laterMs, command: `restart-agent h${other}` },
        ],
  )
}

/** An agent without its journal starts on a host whose clock is behind: it may count itself as an earlier start than it is known as. */
const pastStarts: Kind = {
  name: 'starts in the past',
  unsettled: true,
  chance: 0.2,
  events: (draw, draft) =>
    times(draw, { ...draft, scale: 1 }, 2, () => {
      const host = someHost(draw, draft)
      const [knownMs = 0, startMs = 0] = [moment(draw, draft), moment(draw, draft)].toSorted((a, b) => a - b)
      const at = (atMs: number, offsetMs: number): TimedCommand => ({
        atMs,
        command: `wall-clock h${host} ${new Date(someDayMs + offsetMs + atMs).toISOString()}`,
      })
      const deadMs = draw.pick([100, 3_000, 20_000])
      const isMissed = draft.hosts > 2 && draw.chance(0.5)
      return [
        at(draft.fromMs, 0),
        { atMs: knownMs, command: `kill-agent h${host}` },
        // Set back before, too: the life that is missed counts on from the one before it.
        ...(isMissed ? [at(knownMs, -yearMs)] : []),
        { atMs: knownMs + 500, command: `restart-agent h${host}` },
        ...(isMissed ? missedLife(draw, draft, host, knownMs, startMs) : []),
        { atMs: startMs, command: `kill-agent h${host}` },
        { atMs: startMs, command: `lose-journal h${host}` },
        at(startMs, -(isMissed ? yearMs : draw.pick([60_000, 3_600_000, yearMs]))),
        { atMs: startMs + deadMs, command: `restart-agent h${host}` },
      ]
    }),
}

/** Lists for people hold less than ten minutes bring. */
const smallLists: Kind = {
  name: 'small lists',
  unsettled: true,
  chance: 0.3,
  cluster: (draw) => [
    `limits.warningsMax=${draw.pick([1, 2, 4])}`,
    `limits.decisionsMax=${draw.pick([6, 12])}`,
  ],
}

export const agentKinds: readonly Kind[] = [
  deaths,
  massDeaths,
  restarts,
  lostJournals,
  tornJournals,
  fullJournals,
  hosts,
  wallClocks,
  freezes,
  freezesInStep,
  slowDisks,
  clockRates,
  pastStarts,
  smallLists,
]
