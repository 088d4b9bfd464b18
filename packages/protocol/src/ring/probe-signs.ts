/** What other hosts say to the failure detector, and what it takes for a sign of life. */
import { limits } from '../data/config.ts'
import type { HostId, Instant } from '../data/ids.ts'
import type { ProbeMessage } from '../data/message.ts'
import { ping, probe } from './probe-rounds.ts'
import { blameSelf, changed, isListed, type ProbeState, send } from './probe-state.ts'

/** `incarnation`: the start count that it spoke with; 0 = not told. */
export const alive = (state: ProbeState, host: HostId, incarnation: number): void => {
  const { self, verdicts } = state
  if (host === self || !(isListed(state, host) || verdicts.knows(host))) return
  const before = verdicts.stateOf(host)
  if (verdicts.alive(host, incarnation)) changed(state, host, before, 'alive')
}

export const onProbeMessage = (
  state: ProbeState,
  now: Instant,
  from: HostId,
  message: ProbeMessage,
): void => {
  switch (message.kind) {
    case 'ping':
      send(state, from, { kind: 'ack', sequence: message.sequence, subject: state.self })
      break
    case 'ack':
      onAck(state, from, message.sequence, message.subject)
      break
    case 'ping-req':
      onPingReq(state, from, message.sequence, message.target)
      break
    case 'suspect':
      onSuspect(state, now, from, message.subject, message.subjectIncarnation)
      break
    default:
      message satisfies never
  }
  alive(state, from, message.incarnation)
}

const answered = (state: ProbeState, host: HostId, sequence: number): void => {
  if (state.probes.get(host)?.sequence !== sequence) return
  state.probes.delete(host)
  state.score = Math.max(0, state.score - 1)
}

const onAck = (state: ProbeState, from: HostId, sequence: number, subject: HostId): void => {
  if (subject !== from) {
    // A helper's word counts only for a question that is open: an old one may be a dead host's last.
    if (state.probes.get(subject)?.sequence !== sequence) return
    answered(state, subject, sequence)
    alive(state, subject, 0)
    return
  }
  answered(state, from, sequence)
  const relay = state.relays.close(sequence, from)
  if (relay !== null) send(state, relay.requester, { kind: 'ack', sequence: relay.sequence, subject: from })
}

const onPingReq = (state: ProbeState, from: HostId, theirSequence: number, target: HostId): void => {
  if (target === state.self)
    return send(state, from, { kind: 'ack', sequence: theirSequence, subject: target })
  // A request for itself would only be an echo.
  if (target === from) return
  state.sequence += 1
  state.relays.open(state.sequence, { requester: from, sequence: theirSequence, target })
  ping(state, target, state.sequence)
}

const onSuspect = (
  state: ProbeState,
  now: Instant,
  from: HostId,
  subject: HostId,
  subjectIncarnation: number,
): void => {
  const { self, verdicts } = state
  if (subject === self) return defend(state, now, from)
  if (!isListed(state, subject) || subjectIncarnation < verdicts.incarnationOf(subject)) return
  if (verdicts.stateOf(subject) === 'dead') return
  verdicts.accuse(subject, from)
  // Another's suspicion is a reason to look, not a verdict.
  if (verdicts.stateOf(subject) === 'alive') probe(state, now, subject)
}

/** The ack is the quick refutation, for the accuser; the summary is for all hosts that it told. */
const defend = (state: ProbeState, now: Instant, accuser: HostId): void => {
  send(state, accuser, { kind: 'ack', sequence: 0, subject: state.self })
  if (state.refutedAt !== null && now - state.refutedAt < limits.probeMs) return
  state.refutedAt = now
  state.publish = true
  blameSelf(state)
}
