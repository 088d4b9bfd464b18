/**
 * Faults that are sown into a copy of the core to see whether the tests find them: each is a place in the core's text and
 * what stands there instead. A place must be found exactly once, white space aside; `npm test -- tidy` says which is gone,
 * so that the fault moves with its rule.
 */

export interface SownFault {
  readonly name: string
  /** Below packages/protocol/src. */
  readonly file: string
  readonly from: string
  readonly to: string
}

export const faults: readonly SownFault[] = [
  {
    name: 'release: any partition of the leader frees the lease (no id check, as DVMS)',
    file: 'partition/hold-lease.ts',
    from: 'const held = unheard ? lease : leaseOf(state, from, message)',
    to: 'const held = unheard ? lease : lease',
  },
  {
    name: 'lease: not held while an action runs',
    file: 'peer/peer-parts.ts',
    from: 'busy: actions.busy,',
    to: 'busy: () => false,',
  },
  {
    name: 'ledger: promises are not counted',
    file: 'actions/may-come.ts',
    from: 'refusal(host, promises, coming.demand)',
    to: 'refusal(host, [], coming.demand)',
  },
  {
    name: 'ledger: departures are credited when they begin',
    file: 'migration/outgoing.ts',
    from: 'hooks.started(action)',
    to: 'hooks.started(action); hooks.gone(vm)',
  },
  {
    name: 'unknown is taken for failure',
    file: 'migration/outgoing.ts',
    from: "return poll(state, { ...migration, phase: 'settling' })",
    to: "return refuse(state, migration, codeFrom(result.code), '')",
  },
  {
    name: 'begin: the lease is not checked again',
    file: 'actions/assigned-action.ts',
    from: "if (!isCurrent(lease, partition, epoch)) return { code: 'lease.stale', text: 'no such lease here' } if (lease.assigned === null)",
    to: 'if (lease === null || lease.assigned === null)',
  },
  {
    name: 'lifecycle: an operation is not written down before it is performed',
    file: 'lifecycle/lifecycle.ts',
    from: "context.emit({ kind: 'persist', record: { kind: 'opened', open: openOf(one) } })",
    to: '',
  },
  {
    name: 'lifecycle: what the call returned is believed',
    file: 'lifecycle/lifecycle-action.ts',
    from: "if (seen === null) return { kind: 'wait' }",
    to: "if (answer?.kind === 'done') return { kind: 'done', active: brings(one) }; if (seen === null) return { kind: 'wait' }",
  },
  {
    name: 'lifecycle: any VM may be stopped',
    file: 'lifecycle/may-operate.ts',
    from: 'if (!host.managed.has(step.vm))',
    to: 'if (false as boolean)',
  },
  {
    name: 'same life: a VM that the plan itself has brought is another one',
    file: 'actions/same-life.ts',
    from: 'lease.incarnations.get(vm) === incarnation ||',
    to: 'lease.incarnations.get(vm) === incarnation && ',
  },
  {
    name: 'cool-down is ignored',
    file: 'snapshot/may-move.ts',
    from: 'vm.cooldownMs > 0 && ownIdea[need]',
    to: 'vm.cooldownMs < 0 && ownIdea[need]',
  },
  {
    name: 'epochs start again after a restart',
    file: 'peer/peer-parts.ts',
    from: 'Math.max(init.restored.epoch, epochsBefore(init.incarnation))',
    to: '0',
  },
  {
    name: 'hand-over: the copy runs without asking the source',
    file: 'migration/resolve-unknown.ts',
    from: "if (here === 'paused' && nowhere(source)) return",
    to: "if (here === 'paused') return",
  },
  {
    name: 'grey window: the source resumes without asking the destination',
    file: 'migration/resolve-unknown.ts',
    from: "if (nowhere(there)) return stable >= 1 ? { kind: 'resume-here' } : wait",
    to: "if (nowhere(there) || there === null) return { kind: 'resume-here' }",
  },
  {
    name: 'doubt: an answer to an earlier question counts',
    file: 'migration/outgoing-end.ts',
    from: "if (phase !== 'settling' || rounds.number !== round) return",
    to: "if (phase !== 'settling') return",
  },
  {
    name: 'doubt: a VM that runs at its source has stayed at the first look',
    file: 'migration/resolve-unknown.ts',
    from: "return steadyMs >= limits.lateStartMs ? { kind: 'stayed' } : wait",
    to: "return { kind: 'stayed' }",
  },
  {
    name: 'hand-over: one that nobody heard is forgotten',
    file: 'migration/outgoing-table.ts',
    from: 'if (duty !== null) duties.take(duty)',
    to: '',
  },
  {
    name: 'hand-over: a copy without a record runs at any old word',
    file: 'migration/incoming.ts',
    from: 'if (migration.adopted && (round !== migration.rounds.number || demand === null)) return true',
    to: '',
  },
  {
    name: 'alarm: a VM left paused is not seen',
    file: 'migration/alarms.ts',
    from: "filter((vm) => vm.pausedBy === 'migration')",
    to: 'filter(() => false)',
  },
  {
    name: 'restart: open actions are forgotten',
    file: 'migration/migrations.ts',
    from: 'for (const one of open)',
    to: 'for (const one of open.slice(0, 0))',
  },
  {
    name: 'leader: what was lost is not said again',
    file: 'partition/tell-members.ts',
    from: 'for (const action of state.execution === null ? [] : progress.running(state.execution))',
    to: 'for (const action of state.execution === null ? [] : progress.running(state.execution).slice(0, 0))',
  },
  {
    name: 'leader: the plan of the worker is believed',
    file: 'partition/solving.ts',
    from: 'const fault = solutionFault(problem, answer, plan, state.partition)',
    to: 'const fault = state.round < 0 ? solutionFault(problem, answer, plan, state.partition) : null',
  },
  {
    name: 'lease: taken from a partition that executes',
    file: 'partition/judge-reserve.ts',
    from: 'busy || lease.executing ||',
    to: 'busy ||',
  },
  {
    name: 'leader: the answer of a host that was lost meanwhile is used',
    file: 'partition/member-answers.ts',
    from: "state.phase = 'reserving' return advance(leader, state)",
    to: 'return advance(leader, state)',
  },
  {
    name: 'source: a migration without a record is left alone',
    file: 'migration/migrations.ts',
    from: 'isSent: (vm) => parts.outgoingJobs.has(vm),',
    to: 'isSent: (vm) => parts.outgoingJobs.has(vm) && accounts(parts, vm),',
  },
  {
    name: 'a lease never lapses',
    file: 'partition/hold-lease.ts',
    from: 'if (lease !== null && lease.expiresAt <= context.now() && !hooks.busy()) changeLease(state, null)',
    to: '',
  },
]

const escaped = (word: string): string => word.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')

/** Where the fault would stand; white space aside. */
export const placesOf = ({ from }: SownFault, sound: string): number =>
  [...sound.matchAll(new RegExp(from.split(/\s+/).map(escaped).join('\\s+'), 'g'))].length

export const sow = ({ from, to }: SownFault, sound: string): string =>
  sound.replace(new RegExp(from.split(/\s+/).map(escaped).join('\\s+')), () => to)
