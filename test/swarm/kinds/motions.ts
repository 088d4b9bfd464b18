/** So that VMs move, and so that what strikes strikes while they move: most rules are about migrations and their ends. */
import { isForgetful, type Kind, moment, times, twoHosts, unbalance } from '../kind.ts'
import type { TimedCommand } from '../schedule.ts'

/** Again and again some host has too much: a VM is in motion about half of the time. */
const overloads: Kind = {
  name: 'overloads',
  chance: 0.6,
  events(draw, draft) {
    const everyMs = draw.pick([5_000, 12_000, 25_000])
    const events: TimedCommand[] = []
    for (let atMs = draft.fromMs; atMs < draft.untilMs; atMs += draw.integer(everyMs / 2, 2 * everyMs))
      events.push(...unbalance(draw, draft, atMs))
    return events
  },
}

/** In which a source does not learn what became of its VM. */
const doubts = ['{"kind":"fail-after-success"}', '{"kind":"timeout","afterMs":1500}']
const greyWindows = ['{"kind":"grey","destination":"paused"}', '{"kind":"grey","destination":"gone"}']
const split = '{"kind":"split"}'

/** The next migration ends in doubt, and there is one soon. */
const doubtful: Kind = {
  name: 'ends in doubt',
  unsettled: true,
  chance: 0.5,
  // A grey window leaves a definition behind, and a host that boots starts what is defined on it: for the operator (R1).
  not: ['host deaths'],
  events(draw, draft) {
    const forgetful = isForgetful(draft)
    // A VM whose disk is locked runs at once: two run by the hypervisors' own doing when they lose each other (R2).
    const locked = draft.has('locked disks')
    const fault = (): string =>
      draw.pick([...doubts, ...(forgetful ? [] : greyWindows), ...(locked ? [] : [split])])
    return times(draw, draft, 8, () => {
      const atMs = moment(draw, draft)
      return [{ atMs, command: `fault ${fault()}` }, ...unbalance(draw, draft, atMs + 1)]
    })
  },
}

/** The agent of a host that has just got too much, and so moves VMs, dies, and comes back. */
const deathsInMotion: Kind = {
  name: 'deaths in motion',
  unsettled: true,
  chance: 0.4,
  events: (draw, draft) =>
    times(draw, draft, 5, () => {
      const [full, empty] = twoHosts(draw, draft)
      const atMs = moment(draw, draft)
      const diesMs = atMs + draw.integer(500, 15_000)
      const mortal = draw.chance(0.7) ? full : empty
      return [
        ...(draw.chance(0.3)
          ? [{ atMs, command: `fault {"kind":"late","delayMs":${draw.integer(1_000, 25_000)}}` }]
          : []),
        { atMs, command: `overload h${empty} ${draw.integer(1_500, 4_000)}` },
        { atMs, command: `overload h${full} ${draw.integer(8_300, 11_000)}` },
        { atMs: diesMs, command: `kill-agent h${mortal}` },
        { atMs: diesMs + draw.pick([100, 1_000, 7_000, 20_000]), command: `restart-agent h${mortal}` },
      ]
    }),
}

/**
 * While a plan is being carried out, the VMs of its host are started anew, or get what binds them to it (a device, a medium in a
 * drive) and lose it again: what was right when it was planned is wrong when it would begin.
 */
const changesInMotion: Kind = {
  name: 'changes in motion',
  unsettled: true,
  chance: 0.35,
  events: (draw, draft) =>
    times(draw, draft, 5, () => {
      const atMs = moment(draw, draft)
      const [full, empty] = twoHosts(draw, draft)
      const changesMs = Math.min(atMs + draw.integer(500, 15_000), draft.untilMs - 2)
      const freeMs = Math.min(changesMs + draw.integer(2_000, 20_000), draft.untilMs - 1)
      const isBound = draw.chance(0.5)
      return [
        { atMs, command: `overload h${empty} ${draw.integer(1_500, 4_000)}` },
        { atMs, command: `overload h${full} ${draw.integer(8_300, 14_000)}` },
        ...draft.vms
          .filter(({ host }) => host === full)
          .flatMap(({ name }) =>
            isBound
              ? [
                  { atMs: changesMs, command: `fix ${name} dev.hostdev` },
                  { atMs: freeMs, command: `fix ${name}` },
                ]
              : [{ atMs: changesMs, command: `restart ${name}` }],
          ),
      ]
    }),
}

/**
 * A host stands still when another one is about to ask it for room, for longer than a sample of its VMs may be old; it answers
 * with the first thing that it does when it goes on.
 */
const freezesInMotion: Kind = {
  name: 'freezes in motion',
  chance: 0.25,
  events: (draw, draft) =>
    times(draw, draft, 6, () => {
      const atMs = moment(draw, draft)
      const [full, empty] = twoHosts(draw, draft)
      const waitsMs = draw.pick([400, 2_000, 10_000]) + draw.integer(200, 1_500)
      return [
        { atMs, command: `overload h${empty} ${draw.integer(1_500, 4_000)}` },
        { atMs, command: `overload h${full} ${draw.integer(8_300, 11_000)}` },
        { atMs: atMs + waitsMs, command: `freeze h${empty} ${draw.integer(15_500, 30_000)}ms` },
      ]
    }),
}

export const motionKinds: readonly Kind[] = [
  overloads,
  doubtful,
  deathsInMotion,
  changesInMotion,
  freezesInMotion,
]
