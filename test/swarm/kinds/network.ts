/** What happens to messages between agents, and to the links between hosts. */
import { duration, type Kind, lasting, moment, someHost, times, twoHosts } from '../kind.ts'

/** Messages are lost, doubled, late and out of order: for a while, or all the time. */
const weather: Kind = {
  name: 'weather',
  chance: 0.5,
  events(draw, draft) {
    const bad = [
      `drop=${(draw.fraction() * 0.3).toFixed(3)}`,
      `duplicate=${(draw.fraction() * 0.5).toFixed(3)}`,
      `jitterMs=${draw.pick([0, 30, 100, 500])}`,
      `reorder=${draw.pick([0, 0.5, 1])}`,
    ].join(' ')
    const fine = 'network drop=0 duplicate=0 jitterMs=0 reorder=0'
    if (draw.chance(0.5)) return [{ atMs: draft.fromMs, command: `network ${bad}` }]
    return lasting(draw, draft, `network ${bad}`, fine)
  },
}

/** Old messages come again: within one lease, or up to minutes later, when what they are about is long over. */
const replays: Kind = {
  name: 'replays',
  chance: 0.3,
  events: (draw, draft) => [
    {
      atMs: draft.fromMs + 1,
      command: `network duplicate=${(0.1 + draw.fraction() * 0.4).toFixed(3)} replayMs=${draw.pick([500, 500, 5_000, 30_000, 120_000])}`,
    },
  ],
}

/** What every message takes. */
const distance: Kind = {
  name: 'distance',
  chance: 0.5,
  events: (draw) => [{ atMs: 0, command: `network latencyMs=${draw.pick([5, 30, 60, 100])}` }],
}

/** Agents and hypervisors of two hosts lose each other; others see both. */
const cuts: Kind = {
  name: 'cuts',
  chance: 0.5,
  events: (draw, draft) =>
    times(draw, draft, 5, () => {
      const [a, b] = twoHosts(draw, draft)
      return lasting(draw, draft, `cut h${a} h${b}`, `heal h${a} h${b}`)
    }),
}

/** What one agent says to another is lost; the other way goes on. */
const oneWayCuts: Kind = {
  name: 'one-way cuts',
  chance: 0.4,
  events: (draw, draft) =>
    times(draw, draft, 4, () => {
      const [a, b] = twoHosts(draw, draft)
      return lasting(draw, draft, `cut h${a} h${b} one-way`, `heal h${a} h${b}`)
    }),
}

/** One group of hosts and the rest do not reach each other; a group of one is a host that is cut off. */
const splits: Kind = {
  name: 'splits',
  chance: 0.3,
  events: (draw, draft) =>
    times(draw, { ...draft, scale: 1 }, 3, () => {
      const group = draw
        .shuffle(Array.from({ length: draft.hosts }, (_, host) => host))
        .slice(0, draw.chance(0.5) ? 1 : draw.integer(1, Math.max(1, Math.floor(draft.hosts / 2))))
      const atMs = moment(draw, draft)
      const names = group.map((host) => `h${host}`).join(' ')
      return [
        { atMs, command: `cut-off ${names}` },
        { atMs: Math.min(atMs + duration(draw), draft.untilMs), command: 'heal' },
      ]
    }),
}

/** What one agent says to another is held back, and arrives all at once. */
const clogs: Kind = {
  name: 'clogs',
  chance: 0.4,
  events: (draw, draft) =>
    times(draw, draft, 5, () => {
      const [a, b] = twoHosts(draw, draft)
      const ms = draw.chance(0.8) ? draw.integer(100, 5_000) : draw.integer(5_000, 20_000)
      return [{ atMs: moment(draw, draft), command: `clog h${a} h${b} ${ms}ms` }]
    }),
}

/** All links of one host are slow in one direction: its network card is dying. */
const slowHost: Kind = {
  name: 'slow host',
  chance: 0.2,
  events(draw, draft) {
    const bad = someHost(draw, draft)
    return times(draw, { ...draft, scale: 1 }, 6, () => {
      const atMs = moment(draw, draft)
      const ms = draw.integer(200, 3_000)
      return Array.from({ length: draft.hosts }, (_, other) => other)
        .filter((other) => other !== bad)
        .map((other) => ({ atMs, command: `clog h${bad} h${other} ${ms}ms` }))
    })
  },
}

export const networkKinds: readonly Kind[] = [
  weather,
  replays,
  distance,
  cuts,
  oneWayCuts,
  splits,
  clogs,
  slowHost,
]
