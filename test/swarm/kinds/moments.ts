/**
 * Faults that strike at a certain moment of a migration or of a plan, which a time alone hits seldom. What is armed waits for the
 * next such moment, and there is one soon.
 */
import { limits } from '../../../packages/protocol/src/index.ts'
import type { Random } from '../../../packages/sim/src/random.ts'
import { type Draft, type Kind, moment, someHost, times, twoHosts, unbalance } from '../kind.ts'
import type { TimedCommand } from '../schedule.ts'

/** So long after the moment, ms: mostly before anything else can follow. */
const soon = (draw: Random): number => draw.pick([0, 0, 20, 100, 500, 2_000])

/** Armed, and then a host gets too much. */
const armed = (
  draw: Random,
  draft: Draft,
  commands: (atMs: number) => readonly string[],
): readonly TimedCommand[] => {
  const atMs = moment(draw, draft)
  return [...commands(atMs).map((command) => ({ atMs, command })), ...unbalance(draw, draft, atMs + 1)]
}

interface Death {
  readonly fault: string | null
  readonly occasions: readonly string[]
  readonly mortals: readonly ('FROM' | 'TO')[]
  readonly deadMs: readonly number[]
}

const deathOf = (draw: Random): Death => {
  switch (draw.integer(0, 5)) {
    // Its request is not read when it dies, and may still be unread when it is back.
    case 0:
    case 1:
      return {
        fault: `{"kind":"late","delayMs":${draw.integer(5_000, 30_000)}}`,
        occasions: ['perform'],
        mortals: ['FROM'],
        deadMs: [200, 1_000, 4_000, 20_000],
      }
    // What it has begun never ends by itself.
    case 2:
    case 3:
      return {
        fault: `{"kind":"hang","atPermille":${draw.pick([300, 700])}}`,
        occasions: ['moving'],
        mortals: ['FROM', 'FROM', 'TO'],
        deadMs: [200, 5_000, 40_000],
      }
    default:
      return {
        fault: draw.pick([null, '{"kind":"timeout","afterMs":1500}', '{"kind":"fail-after-success"}']),
        occasions: ['perform', 'moving', 'moved', 'admitted', 'hand-over', 'running'],
        mortals: ['FROM', 'TO'],
        deadMs: [100, 1_000, 8_000, 20_000, 40_000],
      }
  }
}

/** The agent of a source or of a destination dies as a migration is asked for, begins or ends. */
const deaths: Kind = {
  name: 'deaths at a moment',
  unsettled: true,
  chance: 0.4,
  events: (draw, draft) =>
    times(draw, draft, 8, () =>
      armed(draw, draft, () => {
        const { fault, occasions, mortals, deadMs } = deathOf(draw)
        const [occasion, mortal, diesMs] = [draw.pick(occasions), draw.pick(mortals), soon(draw)]
        const fates = [
          ...(draft.has('lost journals') ? [`lose-journal ${mortal}`] : []),
          ...(draft.has('torn journals') ? [`tear-journal ${mortal}`] : []),
        ]
        return [
          ...(fault === null ? [] : [`fault ${fault}`]),
          `upon ${occasion} in=${diesMs}ms kill-agent ${mortal}`,
          ...(fates.length > 0 && draw.chance(0.6)
            ? [`upon ${occasion} in=${diesMs}ms ${draw.pick(fates)}`]
            : []),
          `upon ${occasion} in=${diesMs + draw.pick(deadMs)}ms restart-agent ${mortal}`,
        ]
      }),
    ),
}

/**
 * While an end is in doubt, what the destination answers is held back, or all that is said takes longer than a round of questions:
 * an answer comes when another question has been asked.
 */
const lateAnswers: Kind = {
  name: 'late answers',
  unsettled: true,
  chance: 0.3,
  events: (draw, draft) => {
    const grey = ['{"kind":"grey","destination":"gone"}', '{"kind":"grey","destination":"paused"}']
    const doubts = [...grey, '{"kind":"fail-after-success"}', '{"kind":"timeout","afterMs":1500}']
    return times(draw, draft, 5, () =>
      armed(draw, draft, () => {
        const fault = `fault ${draw.pick(doubts)}`
        if (draw.chance(0.5)) {
          const lastsMs = draw.integer(10_000, 40_000)
          return [
            fault,
            `upon moving network latencyMs=${draw.integer(600, 2_500)}`,
            `upon moving in=${lastsMs}ms network latencyMs=30`,
          ]
        }
        const occasion = draw.pick(['moving', 'moved', 'where-is'])
        // The source asks; what its destination answers comes late.
        const way = occasion === 'where-is' ? 'TO FROM' : draw.pick(['TO FROM', 'FROM TO'])
        return [fault, `upon ${occasion} in=${soon(draw)}ms clog ${way} ${draw.integer(1_500, 15_000)}ms`]
      }),
    )
  },
  // A grey window leaves a definition behind, and a host that boots starts what is defined on it: for the operator (R1).
  not: ['host deaths'],
}

/** What keeps the source, or the destination, from knowing that a VM has run there before its owner paused it. */
const ignorance = (draw: Random, draft: Draft, pausesMs: number): readonly string[] => {
  const healsMs = pausesMs + draw.pick([3_000, 15_000, 30_000])
  const unheard = ['upon hand-over cut TO FROM one-way', `upon running in=${healsMs}ms heal TO FROM`]
  switch (draw.integer(0, 3)) {
    case 0:
      return unheard
    // Its source has let it run there.
    case 1:
      return [
        'upon moving kill-agent TO',
        `upon running in=${pausesMs + draw.integer(1_000, 20_000)}ms restart-agent TO`,
        'upon moving in=60s restart-agent TO',
      ]
    // Nothing is heard of the destination, and then it has forgotten.
    case 2:
      return [
        ...unheard,
        'upon running cut FROM TO',
        `upon running in=${pausesMs + 500}ms kill-agent TO`,
        ...(draft.has('lost journals') ? [`upon running in=${pausesMs + 500}ms lose-journal TO`] : []),
        `upon running in=${pausesMs + 1_500}ms restart-agent TO`,
      ]
    default:
      return []
  }
}

/**
 * An owner moves VMs by hand to a host that has just given its lease, or let a VM in: what it has promised is no longer all. They are
 * large, so that they are on their way when more would come; no other host has room for that.
 */
const movesBeside = (draw: Random, draft: Draft): readonly TimedCommand[] => {
  const atMs = moment(draw, draft)
  const [full, empty] = twoHosts(draw, draft)
  const some = draw.shuffle(draft.vms).slice(0, draw.integer(1, 3))
  const upon = `upon ${draw.pick(['granted', 'admitted', 'admitted'])} in=${draw.pick([0, 0, 5, 100])}ms`
  const loadOf = (host: number): number => {
    if (host === full) return draw.integer(10_000, 14_000)
    return host === empty ? draw.integer(1_000, 4_000) : draw.integer(6_000, 7_300)
  }
  return [
    ...some.flatMap(({ name }) => [
      { atMs, command: `memory ${name} ${draw.integer(1_024, 4_096)}` },
      { atMs, command: `${upon} move ${name} FROM` },
    ]),
    ...Array.from({ length: draft.hosts }, (_, host) => ({
      atMs: atMs + 1,
      command: `overload h${host} ${loadOf(host)}`,
    })),
  ]
}

/** An owner pauses a VM that has just arrived, of which one of the two hosts may not know that it has run there; or moves one itself. */
const owners: Kind = {
  name: 'owners at a moment',
  unsettled: true,
  chance: 0.3,
  events: (draw, draft) =>
    times(draw, draft, 6, () =>
      draw.chance(0.25)
        ? movesBeside(draw, draft)
        : armed(draw, draft, () => {
            const pausesMs = draw.pick([0, 50, 300, 1_000, 3_000])
            return [
              `upon running in=${pausesMs}ms pause VM`,
              `upon running in=${pausesMs + draw.integer(10_000, 60_000)}ms resume VM`,
              ...ignorance(draw, draft, pausesMs),
            ]
          }),
    ),
}

/** An operator pulls the brake in the middle of a plan, on one of its hosts. */
const brakes: Kind = {
  name: 'brakes at a moment',
  unsettled: true,
  chance: 0.25,
  events: (draw, draft) =>
    times(draw, draft, 5, () =>
      armed(draw, draft, () => {
        const occasion = draw.pick(['granted', 'assign', 'begin', 'admit', 'admitted', 'perform'])
        const host = draw.pick(['FROM', 'TO', 'LEAD'])
        const brakesMs = draw.pick([0, 0, 5, 50, 500])
        return [
          `upon ${occasion} in=${brakesMs}ms tell ${host} mode observe`,
          `upon ${occasion} in=${brakesMs + draw.integer(1_000, 20_000)}ms tell ${host} mode auto`,
        ]
      }),
    ),
}

/**
 * While a host waits for others to join its plan, or a VM for admission, owners start VMs anew, or bind one to its host: what was right
 * when it was told or asked for is wrong.
 */
const changes: Kind = {
  name: 'changes at a moment',
  unsettled: true,
  chance: 0.2,
  events: (draw, draft) =>
    times(draw, draft, 5, () =>
      armed(draw, draft, () => {
        const changesMs = draw.integer(0, 300)
        const freeMs = changesMs + draw.integer(5_000, 30_000)
        // So that the answer comes when the hypervisor has told of the change.
        const slow = `network latencyMs=${draw.integer(400, 900)}`
        if (draw.chance(0.4)) {
          const some = draw.shuffle(draft.vms).slice(0, Math.ceil(draft.vms.length / 2))
          return [
            `upon reserve ${slow}`,
            'upon reserve in=5s network latencyMs=30',
            ...some.map(({ name }) => `upon reserve in=${changesMs}ms restart ${name}`),
          ]
        }
        return [
          `upon granted ${slow}`,
          'upon admit in=3s network latencyMs=30',
          ...(draw.chance(0.6)
            ? [`upon admit in=${changesMs}ms restart VM`]
            : [`upon admit in=${changesMs}ms fix VM dev.hostdev`, `upon admit in=${freeMs}ms fix VM`]),
        ]
      }),
    ),
}

/** A host is drained, and the drain is called off when its first VM has left, or before. */
const undrains: Kind = {
  name: 'drains called off',
  unsettled: true,
  chance: 0.25,
  events: (draw, draft) =>
    times(draw, draft, 4, () => {
      const atMs = moment(draw, draft)
      const host = `h${someHost(draw, draft)}`
      return [
        { atMs, command: `overload ${host} ${draw.integer(1_000, 4_000)}` },
        { atMs, command: `tell ${host} drain` },
        {
          atMs,
          command: `upon ${draw.pick(['admit', 'perform', 'moving', 'moved'])} in=${soon(draw)}ms tell ${host} undrain`,
        },
        { atMs: Math.min(atMs + 40_000, draft.untilMs - 1), command: `tell ${host} undrain` },
      ]
    }),
}

/** After so long a source lets a VM go whose destination is silent, ms. */
const letsGoMs = limits.handOverMs + limits.handOverTriesMax * limits.settlePollMs

/** The destination of a VM that has gone from its source is silent for long; its leader may not hear of that at once. */
const silence: Kind = {
  name: 'silence after a move',
  unsettled: true,
  chance: 0.25,
  events: (draw, draft) =>
    times(draw, draft, 8, () =>
      armed(draw, draft, () => {
        const dies = (host: 'FROM' | 'TO', diesMs: number, backMs: number): readonly string[] => [
          `upon moved in=${diesMs}ms kill-agent ${host}`,
          ...(draft.has('lost journals') && draw.chance(0.7)
            ? [`upon moved in=${diesMs}ms lose-journal ${host}`]
            : []),
          `upon moved in=${backMs}ms restart-agent ${host}`,
        ]
        // Nothing is left of the hand-over but a copy that waits: an alarm says so.
        if (draft.has('lost journals') && draw.chance(0.2))
          return [
            'upon moved kill-agent TO',
            'upon moved lose-journal TO',
            'upon moved kill-agent FROM',
            'upon moved lose-journal FROM',
            `upon moved in=${draw.integer(500, letsGoMs)}ms restart-agent FROM`,
            `upon moved in=${draw.integer(500, letsGoMs)}ms restart-agent TO`,
          ]
        const unheardMs = letsGoMs - draw.integer(100, 1_000)
        return [
          'upon moved cut FROM TO',
          `upon moved in=${draw.integer(letsGoMs, 3 * letsGoMs)}ms heal FROM TO`,
          ...(draw.chance(0.8)
            ? [
                `upon moved in=${unheardMs}ms cut FROM LEAD one-way`,
                `upon moved in=${unheardMs + draw.integer(1_200, 3_000)}ms heal FROM LEAD`,
              ]
            : []),
          ...(draw.chance(0.25) ? dies('FROM', draw.integer(0, 2 * letsGoMs), 2 * letsGoMs + 1_000) : []),
          ...(draw.chance(0.25) ? dies('TO', 0, draw.integer(letsGoMs, 4 * letsGoMs)) : []),
        ]
      }),
    ),
}

/** A disk is full when there is most to write down, and what was said by then is asked for again. */
const fullDisks: Kind = {
  name: 'full disks at a moment',
  unsettled: true,
  chance: 0.25,
  events: (draw, draft) =>
    times(draw, draft, 5, () =>
      armed(draw, draft, () => {
        // The question whether a VM may come is answered from the journal, also when it is asked once more.
        const occasion = draw.pick([
          'admit',
          'perform',
          'moving',
          'moved',
          'admitted',
          'hand-over',
          'running',
        ])
        const host = occasion === 'admit' ? 'TO' : draw.pick(['FROM', 'TO'])
        const fullMs = soon(draw)
        return [
          `upon ${occasion} in=${fullMs}ms full-journal ${host}`,
          `upon ${occasion} in=${fullMs + draw.integer(2_000, 30_000)}ms full-journal ${host} off`,
        ]
      }),
    ),
}

/** An owner starts a VM on a host that has just been reserved: what it has told of itself is no longer all. */
const newcomers: Kind = {
  name: 'new VMs at a moment',
  unsettled: true,
  chance: 0.2,
  events: (draw, draft) =>
    Array.from({ length: draw.integer(3, 8) }, (_, i) =>
      armed(draw, draft, () => [
        `upon granted in=${draw.pick([0, 100, 500])}ms vm newcomer-${i} FROM cpu=${draw.integer(100, 800)} memory=256 labels=big`,
      ]),
    ).flat(),
}

/** Several VMs go to one host, some of them for long, and what is there already grows meanwhile: there is no room for all any more. */
const growth: Kind = {
  name: 'growth at a moment',
  unsettled: true,
  chance: 0.2,
  cluster: () => ['policy.migrationsOutMax=2', 'policy.migrationsInMax=2'],
  events: (draw, draft) =>
    times(draw, draft, 6, () => {
      const atMs = moment(draw, draft)
      const [full, empty] = twoHosts(draw, draft)
      const slow = draw.shuffle(draft.vms).slice(0, Math.ceil(draft.vms.length / 4))
      const loadOf = (host: number): number => {
        if (host === full) return draw.integer(11_000, 15_000)
        return host === empty ? draw.integer(300, 1_500) : draw.integer(6_500, 7_500)
      }
      return [
        ...slow.map(({ name }) => ({ atMs, command: `memory ${name} ${draw.integer(1_536, 6_144)}` })),
        { atMs, command: `upon moving in=${soon(draw)}ms overload TO ${draw.integer(1_500, 6_000)}` },
        ...Array.from({ length: draft.hosts }, (_, host) => ({
          atMs: atMs + 1,
          command: `overload h${host} ${loadOf(host)}`,
        })),
      ]
    }),
}

export const momentKinds: readonly Kind[] = [
  deaths,
  lateAnswers,
  owners,
  brakes,
  changes,
  undrains,
  silence,
  fullDisks,
  newcomers,
  growth,
]
