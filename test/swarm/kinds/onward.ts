/** A VM that has just come moves on, while something that was asked or said about its coming has not been read. */
import type { Random } from '../../../packages/sim/src/random.ts'
import { type Draft, type Kind, moment, times, unbalance } from '../kind.ts'

/** Services of the destination are started anew together, as by an upgrade: an unread request is lost, and so is the agent that made it. */
const upgrade = (draw: Random): readonly string[] => {
  const diesMs = draw.integer(0, 3_000)
  return [
    `upon running in=${diesMs}ms kill-agent TO`,
    `upon running in=${diesMs}ms daemon TO down`,
    `upon running in=${diesMs + 2_000}ms daemon TO up`,
    `upon running in=${diesMs + draw.pick([2_500, 10_000])}ms restart-agent TO`,
  ]
}

/** The source is away while its VM moves, and when it is back its destination is silent. */
const absence = (draw: Random): readonly string[] => {
  const backMs = draw.chance(0.4) ? draw.integer(5_000, 60_000) : draw.integer(90_000, 160_000)
  return [
    'upon moving kill-agent FROM',
    `upon moving in=${backMs}ms restart-agent FROM`,
    ...(draw.chance(0.7)
      ? [`upon moving in=${backMs - 100}ms clog FROM TO ${draw.integer(10_000, 60_000)}ms`]
      : []),
  ]
}

/** Why it is not over yet. */
const openEnd = (draw: Random): readonly string[] => {
  const late = (call: string): string =>
    `fault {"kind":"late","delayMs":${draw.integer(8_000, 33_000)},"call":"${call}"}`
  switch (draw.integer(0, 4)) {
    // Its host's hypervisor reads a request late: both ends may ask.
    case 0:
      return [late('resume')]
    case 1:
      return [late('resume'), `upon moving clog FROM TO ${draw.integer(8_000, 20_000)}ms`]
    case 2:
      return [late('setAutostart'), ...(draw.chance(0.5) ? upgrade(draw) : [])]
    case 3:
      return absence(draw)
    default:
      return [`upon moved clog TO FROM ${draw.integer(8_000, 60_000)}ms`]
  }
}

/** It is asked again, ms later: what keeps the VM may be over. */
const askedMs = [0, 5_000, 20_000, 70_000]

const onward: Kind = {
  name: 'moves on at once',
  unsettled: true,
  chance: 0.25,
  // A grey window leaves a definition behind, and a host that boots starts what is defined on it: for the operator (R1).
  not: ['host deaths'],
  events(draw, draft: Draft) {
    const doubt = '{"kind":"grey","destination":"paused"}'
    return times(draw, draft, 6, () => {
      const atMs = moment(draw, draft)
      const onMs = draw.pick([200, 2_000, 6_000])
      const commands = [
        ...openEnd(draw),
        ...(draw.chance(0.7) ? [`upon running fault ${doubt} vm=VM from=TO`] : []),
        ...askedMs.map((ms) => `upon running in=${onMs + ms}ms tell TO migrate VM`),
      ]
      return [...commands.map((command) => ({ atMs, command })), ...unbalance(draw, draft, atMs + 1)]
    })
  },
}

export const onwardKinds: readonly Kind[] = [onward]
