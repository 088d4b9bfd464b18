/** Probes in turn: which host is pinged when, when helpers are asked, and what silence means. */
import { limits } from '../data/config.ts'
import { byText, type HostId, type Instant } from '../data/ids.ts'
import { blameSelf, changed, isListed, type Probe, type ProbeState, send, stretched } from './probe-state.ts'
import { checkProbe } from './ring-invariants.ts'

const helpersFor = ({ neighbours, others, verdicts }: ProbeState, target: HostId): readonly HostId[] =>
  [...neighbours, ...others]
    .filter((host) => host !== target && verdicts.stateOf(host) === 'alive')
    .slice(0, limits.confirmationsMax)

export const ping = (state: ProbeState, target: HostId, sequence: number): void =>
  send(state, target, { kind: 'ping', sequence })

const accuse = (state: ProbeState, to: HostId, subject: HostId): void =>
  send(state, to, {
    kind: 'suspect',
    subject,
    subjectIncarnation: state.verdicts.incarnationOf(subject),
  })

export const probe = (state: ProbeState, now: Instant, target: HostId): void => {
  const { self, probes, verdicts } = state
  if (target === self || probes.has(target) || probes.size >= limits.probesMax) return
  state.sequence += 1
  const begun: Probe = {
    sequence: state.sequence,
    indirectAt: now + stretched(state, limits.probeTimeoutMs),
    endsAt: now + stretched(state, limits.probeMs),
  }
  checkProbe(target, begun, now)
  probes.set(target, begun)
  ping(state, target, begun.sequence)
  if (verdicts.stateOf(target) === 'suspect') accuse(state, target, target)
}

/** The first host after `last` in the order of ids, going round. */
const inTurn = (hosts: readonly HostId[], last: HostId | null): HostId | null => {
  const sorted = [...hosts].sort(byText)
  return sorted.find((host) => last === null || host > last) ?? sorted[0] ?? null
}

export const beginPeriod = (state: ProbeState, now: Instant): void => {
  state.periodAt = now + stretched(state, limits.probeMs)
  state.periods += 1
  for (const host of state.verdicts.suspects()) probe(state, now, host)
  const neighbour = inTurn(state.neighbours, state.lastNeighbour)
  if (neighbour !== null) {
    state.lastNeighbour = neighbour
    probe(state, now, neighbour)
  }
  const isTheirTurn = state.periods % limits.probeOthersEvery === 0 || neighbour === null
  const other = isTheirTurn ? inTurn(state.others, state.lastOther) : null
  if (other !== null) {
    state.lastOther = other
    probe(state, now, other)
  }
}

/** Open probes whose time has come: first helpers are asked, then the target is suspected. */
export const lookAtProbes = (state: ProbeState, now: Instant): void => {
  const { probes } = state
  for (const host of [...probes.keys()].sort(byText)) {
    const probing = probes.get(host)!
    if (now >= probing.endsAt) failed(state, now, host)
    else if (probing.indirectAt !== null && now >= probing.indirectAt) goIndirect(state, host, probing)
  }
}

const goIndirect = (state: ProbeState, target: HostId, probing: Probe): void => {
  state.probes.set(target, { ...probing, indirectAt: null })
  ping(state, target, probing.sequence)
  for (const helper of helpersFor(state, target))
    send(state, helper, { kind: 'ping-req', sequence: probing.sequence, target })
}

const failed = (state: ProbeState, now: Instant, target: HostId): void => {
  const { probes, verdicts } = state
  probes.delete(target)
  // A host that was forgotten meanwhile is no longer ours to judge; the dead are not suspected again.
  if (!isListed(state, target) && !verdicts.knows(target)) return
  const before = verdicts.stateOf(target)
  if (!verdicts.suspect(target, now)) return
  changed(state, target, before, 'suspect')
  blameSelf(state)
  accuse(state, target, target)
  for (const helper of helpersFor(state, target)) accuse(state, helper, target)
}

/** Suspects whose time is over. */
export const condemn = (state: ProbeState, now: Instant): void => {
  const suspects = new Set(state.verdicts.suspects())
  for (const host of state.verdicts.condemn(now, state.score)) {
    state.probes.delete(host)
    changed(state, host, suspects.has(host) ? 'suspect' : 'alive', 'dead')
  }
}
