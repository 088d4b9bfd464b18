/**
 * Which of my ring neighbours are alive? SWIM's failure detector (Das, Gupta, Motivala, DSN 2002, §3–4) with
 * Lifeguard's corrections (Dadgar, Phillips, Currey, DSN-W 2018, §IV):
 *
 *     each period:  ping ──time-out──▶ ping again, and ping-req through 3 others ──end of period──▶ suspect
 *     suspect:      told so, and probed again each period; any sign of life ──▶ alive; time over ──▶ dead
 *     dead:         probed now and then with the distant hosts; any sign of life ──▶ alive
 *
 * - *Self-doubt.* A score counts what may be our own fault: probes that failed, late wakes, being suspected. It
 *   stretches all time-outs, so that a slow host doubts itself before it doubts the others.
 * - *Sleep does not count.* After a late wake every deadline moves by as much, plus one time-out to read the mail.
 *
 * A sign of life is any message from the host itself (`onMessage`), a newer summary (`onHeard`), or a helper's `ack` for a probe
 * of ours. A verdict costs or saves time only: nothing is ever done to a VM because a host is called dead.
 *
 * Deterministic: targets are taken round-robin in the order of their ids. Bounded: see the constants.
 */
import { limits } from '../data/config.ts'
import { byText, type HostId, type Instant } from '../data/ids.ts'
import type { ProbeMessage } from '../data/message.ts'
import { createRelays } from './relays.ts'
import type { Liveness } from './ring-view.ts'
import { createVerdicts } from './verdicts.ts'

export interface Step {
  readonly send: readonly { readonly to: HostId; readonly message: ProbeMessage }[]
  /** Verdicts that changed, in the order in which they did. */
  readonly changed: readonly { readonly host: HostId; readonly state: Liveness }[]
  /** Another host suspects this one: publish a summary with a higher sequence at once. */
  readonly publish: boolean
}

export interface Prober {
  /**
   * Call at (or soon after) `nextAt`, or whenever the lists changed. `neighbours`: probed in turn, one each period.
   * `others`: all other hosts worth knowing of, dead hosts included; one every `limits.probeOthersEvery` periods.
   */
  tick(now: Instant, neighbours: readonly HostId[], others: readonly HostId[]): Step
  onMessage(now: Instant, from: HostId, message: ProbeMessage): Step
  /** The transport lost its connection: a reason to probe, not a verdict. */
  onDisconnected(now: Instant, host: HostId): Step
  /** A *newer* summary (or any other message) of this host arrived. A repeated one is no sign of life. */
  onHeard(now: Instant, host: HostId, incarnation?: number): Step
  /** The view dropped this host: so does the prober. */
  forget(host: HostId): void
  /** 'alive' for a host of which nothing bad is known. */
  stateOf(host: HostId): Liveness
  /** When `tick` is wanted next; null before the first one. */
  nextAt(): Instant | null
  /** 0 = healthy … `limits.slownessMax` = every time-out ninefold. For metrics. */
  score(): number
}

interface Probe {
  readonly sequence: number
  /** Null once the helpers were asked. */
  readonly indirectAt: Instant | null
  readonly endsAt: Instant
}

export const createProber = (self: { readonly self: HostId; readonly incarnation: number }): Prober => {
  const me = self.self
  const verdicts = createVerdicts()
  const relays = createRelays()
  const probes = new Map<HostId, Probe>()
  let neighbours: readonly HostId[] = []
  let others: readonly HostId[] = []
  let sequence = 0
  let score = 0
  let periods = 0
  let periodAt: Instant | null = null
  let lastNow: Instant | null = null
  /** When `tick` was wanted, as the last call left it. */
  let promisedAt: Instant | null = null
  let refutedAt: Instant | null = null
  let lastNeighbour: HostId | null = null
  let lastOther: HostId | null = null

  // ---- what one call gathers

  let sends: { to: HostId; message: ProbeMessage }[] = []
  let changes: { host: HostId; state: Liveness }[] = []
  let publish = false
  const send = (to: HostId, message: ProbeMessage): void => {
    sends.push({ to, message })
  }
  const flush = (now: Instant): Step => {
    const next = nextAt()
    promisedAt = next === null ? null : Math.max(now, next)
    const step = { send: sends, changed: changes, publish }
    sends = []
    changes = []
    publish = false
    return step
  }

  // ---- small facts

  const isListed = (host: HostId): boolean => neighbours.includes(host) || others.includes(host)
  const stretched = (ms: number): number => ms * (1 + score)
  const blameSelf = (): void => {
    score = Math.min(limits.slownessMax, score + 1)
  }

  const nextAt = (): Instant | null => {
    if (periodAt === null) return null
    let at = Math.min(periodAt, verdicts.condemnAt(score) ?? periodAt)
    for (const probe of probes.values()) at = Math.min(at, probe.indirectAt ?? probe.endsAt)
    return at
  }

  /** Moves all deadlines: time that we slept through is not the others' silence. */
  const shift = (byMs: number): void => {
    if (periodAt !== null) periodAt += byMs
    for (const [host, p] of probes)
      probes.set(host, {
        ...p,
        indirectAt: p.indirectAt === null ? null : p.indirectAt + byMs,
        endsAt: p.endsAt + byMs,
      })
    verdicts.shift(byMs)
  }

  /** Every call begins here: notices a clock set back, and a late wake (a pause of this process or host). */
  const wakeUp = (now: Instant): void => {
    if (lastNow !== null && now < lastNow) {
      shift(now - lastNow)
      promisedAt = null
      refutedAt = null
    }
    lastNow = now
    if (promisedAt === null || now - promisedAt <= limits.probeTimeoutMs) return
    blameSelf()
    shift(now - promisedAt + stretched(limits.probeTimeoutMs))
  }

  // ---- probes

  const helpersFor = (target: HostId): readonly HostId[] =>
    [...neighbours, ...others]
      .filter((host) => host !== target && verdicts.stateOf(host) === 'alive')
      .slice(0, limits.confirmationsMax)

  const ping = (target: HostId, number: number): void =>
    send(target, { kind: 'ping', incarnation: self.incarnation, sequence: number })

  const accuse = (to: HostId, subject: HostId): void =>
    send(to, {
      kind: 'suspect',
      incarnation: self.incarnation,
      subject,
      subjectIncarnation: verdicts.incarnationOf(subject),
    })

  const probe = (now: Instant, target: HostId): void => {
    if (target === me || probes.has(target) || probes.size >= limits.probesMax) return
    sequence += 1
    probes.set(target, {
      sequence,
      indirectAt: now + stretched(limits.probeTimeoutMs),
      endsAt: now + stretched(limits.probeMs),
    })
    ping(target, sequence)
    if (verdicts.stateOf(target) === 'suspect') accuse(target, target)
  }

  /** The first host after `last` in the order of ids, going round. */
  const inTurn = (hosts: readonly HostId[], last: HostId | null): HostId | null => {
    const sorted = [...hosts].sort(byText)
    return sorted.find((host) => last === null || host > last) ?? sorted[0] ?? null
  }

  const beginPeriod = (now: Instant): void => {
    periodAt = now + stretched(limits.probeMs)
    periods += 1
    for (const host of verdicts.suspects()) probe(now, host)
    const neighbour = inTurn(neighbours, lastNeighbour)
    if (neighbour !== null) {
      lastNeighbour = neighbour
      probe(now, neighbour)
    }
    const other =
      periods % limits.probeOthersEvery === 0 || neighbour === null ? inTurn(others, lastOther) : null
    if (other !== null) {
      lastOther = other
      probe(now, other)
    }
  }

  const goIndirect = (target: HostId, probing: Probe): void => {
    probes.set(target, { ...probing, indirectAt: null })
    ping(target, probing.sequence)
    for (const helper of helpersFor(target))
      send(helper, { kind: 'ping-req', incarnation: self.incarnation, sequence: probing.sequence, target })
  }

  const failed = (now: Instant, target: HostId): void => {
    probes.delete(target)
    // A host that was forgotten meanwhile is no longer ours to judge; the dead are not suspected again.
    if (!isListed(target) && !verdicts.knows(target)) return
    if (!verdicts.suspect(target, now)) return
    changes.push({ host: target, state: 'suspect' })
    blameSelf()
    accuse(target, target)
    for (const helper of helpersFor(target)) accuse(helper, target)
  }

  // ---- signs of life

  const alive = (host: HostId, incarnation: number): void => {
    if (host === me || !(isListed(host) || verdicts.knows(host))) return
    if (verdicts.alive(host, incarnation)) changes.push({ host, state: 'alive' })
  }

  const answered = (host: HostId, number: number): void => {
    if (probes.get(host)?.sequence !== number) return
    probes.delete(host)
    score = Math.max(0, score - 1)
  }

  const onAck = (from: HostId, number: number, subject: HostId): void => {
    if (subject !== from) {
      // A helper's word counts only for a question that is open: an old one may be a dead host's last.
      if (probes.get(subject)?.sequence !== number) return
      answered(subject, number)
      alive(subject, 0)
      return
    }
    answered(from, number)
    const relay = relays.close(number, from)
    if (relay === null) return
    send(relay.requester, {
      kind: 'ack',
      incarnation: self.incarnation,
      sequence: relay.sequence,
      subject: from,
    })
  }

  const onPingReq = (from: HostId, theirSequence: number, target: HostId): void => {
    if (target === me) {
      send(from, { kind: 'ack', incarnation: self.incarnation, sequence: theirSequence, subject: me })
      return
    }
    // A request for itself would only be an echo.
    if (target === from) return
    sequence += 1
    relays.open(sequence, { requester: from, sequence: theirSequence, target })
    ping(target, sequence)
  }

  const onSuspect = (now: Instant, from: HostId, subject: HostId, subjectIncarnation: number): void => {
    if (subject === me) {
      // The ack is the quick refutation, for the accuser; the summary is for all hosts that it told.
      send(from, { kind: 'ack', incarnation: self.incarnation, sequence: 0, subject: me })
      if (refutedAt !== null && now - refutedAt < limits.probeMs) return
      refutedAt = now
      publish = true
      blameSelf()
      return
    }
    if (!isListed(subject) || subjectIncarnation < verdicts.incarnationOf(subject)) return
    if (verdicts.stateOf(subject) === 'dead') return
    verdicts.accuse(subject, from)
    // Another's suspicion is a reason to look, not a verdict.
    if (verdicts.stateOf(subject) === 'alive') probe(now, subject)
  }

  return {
    tick(now, currentNeighbours, currentOthers) {
      neighbours = currentNeighbours.filter((host) => host !== me)
      others = currentOthers.filter((host) => host !== me && !currentNeighbours.includes(host))
      periodAt ??= now
      wakeUp(now)
      for (const host of [...probes.keys()].sort(byText)) {
        const probing = probes.get(host)!
        if (now >= probing.endsAt) failed(now, host)
        else if (probing.indirectAt !== null && now >= probing.indirectAt) goIndirect(host, probing)
      }
      for (const host of verdicts.condemn(now, score)) {
        probes.delete(host)
        changes.push({ host, state: 'dead' })
      }
      if (now >= periodAt) {
        verdicts.prune(isListed)
        beginPeriod(now)
      }
      return flush(now)
    },

    onMessage(now, from, message) {
      wakeUp(now)
      if (from === me || message.incarnation < verdicts.incarnationOf(from)) return flush(now)
      switch (message.kind) {
        case 'ping':
          send(from, {
            kind: 'ack',
            incarnation: self.incarnation,
            sequence: message.sequence,
            subject: me,
          })
          break
        case 'ack':
          onAck(from, message.sequence, message.subject)
          break
        case 'ping-req':
          onPingReq(from, message.sequence, message.target)
          break
        case 'suspect':
          onSuspect(now, from, message.subject, message.subjectIncarnation)
          break
        default:
          message satisfies never
      }
      alive(from, message.incarnation)
      return flush(now)
    },

    onDisconnected(now, host) {
      wakeUp(now)
      if (isListed(host) && verdicts.stateOf(host) !== 'dead') probe(now, host)
      return flush(now)
    },

    onHeard(now, host, incarnation = 0) {
      wakeUp(now)
      if (incarnation === 0 || incarnation >= verdicts.incarnationOf(host)) alive(host, incarnation)
      return flush(now)
    },

    forget(host) {
      verdicts.forget(host)
      probes.delete(host)
    },

    stateOf: verdicts.stateOf,
    nextAt,
    score: () => score,
  }
}
