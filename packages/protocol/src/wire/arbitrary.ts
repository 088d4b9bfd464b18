/** Arbitrary messages of every kind, within the limits: for property tests of the codec and of whatever reads messages. */

import fc from 'fast-check'
import type { Action, ActionResult } from '../../../placement/src/problem/plan.ts'
import type { Resources } from '../../../placement/src/problem/resources.ts'
import { byForm, type Form } from '../../../placement/src/rules/definition.ts'
import type { Problem } from '../../../placement/src/rules/placement-problem.ts'
import { exchangedDefinitions, type Rule } from '../../../placement/src/rules/rule.ts'
import { limits } from '../data/config.ts'
import type { Decision } from '../data/decision.ts'
import type { ActionId, HostId, PartitionId, VmId } from '../data/ids.ts'
import type { Message } from '../data/message.ts'
import { codeFrom } from '../data/reasons.ts'
import type { HostSnapshot, VmSnapshot } from '../data/snapshot.ts'
import type { LoadSummary } from '../data/summary.ts'

/** Decoders of UTF-8 drop a byte order mark at the beginning of a text, so no text of ours begins with one (agent, observation.ts). */
const unmarked = (said: string): boolean => !said.startsWith('\uFEFF')

const id = <T extends string>() =>
  fc.string({ unit: 'binary', minLength: 1, maxLength: 60 }).filter(unmarked) as unknown as fc.Arbitrary<T>
const host = id<HostId>()
const vm = id<VmId>()
const partition = id<PartitionId>()
const action = id<ActionId>()

const text = fc.string({ unit: 'binary', maxLength: 40 }).filter(unmarked)
const textOrNull = fc.option(text)
const anyCode = text.map(codeFrom)
const codeOrNull = fc.option(anyCode)
const count = fc.nat({ max: Number.MAX_SAFE_INTEGER })
const measure = fc.oneof(fc.nat(), fc.double({ min: 0, max: 1e12, noNaN: true }))
const few = <T>(of: fc.Arbitrary<T>) => fc.array(of, { maxLength: 5 })
const just = fc.constant
/** As messages are decoded: plain objects. */
const record = <T>(model: { [K in keyof T]: fc.Arbitrary<T[K]> }) =>
  fc.record(model, { noNullPrototype: true })
const amount = fc.nat({ max: limits.amountMax })
const amountMeasure = fc.oneof(amount, fc.double({ min: 0, max: limits.amountMax, noNaN: true }))
const resources: fc.Arbitrary<Resources> = record({ cpuMilli: amount, memoryMiB: amount })
const totals: fc.Arbitrary<Resources> = record({ cpuMilli: count, memoryMiB: count })
/** Each of `optional` is absent or present, never `undefined`. */
const partial = <T, K extends keyof T>(
  model: { [P in keyof T]: fc.Arbitrary<T[P]> },
  optional: readonly K[],
) =>
  fc.record(model, {
    requiredKeys: (Object.keys(model) as (keyof T)[]).filter(
      (key) => !optional.includes(key as K),
    ) as Exclude<keyof T, K>[],
    noNullPrototype: true,
  })

const forms: { readonly [F in Form]: fc.Arbitrary<unknown> } = {
  vms: few(vm),
  hosts: few(host),
  vmParts: few(few(vm)),
  hostGroups: few(few(host)),
  dimension: text,
  label: text,
  amount: count,
  permille: count,
}
/** Each kind by the fields of its definition. */
const rule = fc.oneof(
  ...exchangedDefinitions.map(({ kind, fields }) => {
    const model: Readonly<Record<string, fc.Arbitrary<unknown>>> = {
      ...{ kind: just(kind), name: text, continuous: fc.boolean(), weight: count },
      ...byForm(fields, forms, (of) => of),
    }
    const required = Object.entries(fields).flatMap(([key, form]) => (form.endsWith('?') ? [] : [key]))
    return fc.record(model, { requiredKeys: ['kind', ...required], noNullPrototype: true })
  }),
) as fc.Arbitrary<unknown> as fc.Arbitrary<Rule>

const planned = { id: action, vm, after: few(action) }
const migrate = record({ ...planned, kind: just('migrate' as const), from: host, to: host })
const anyAction: fc.Arbitrary<Action> = fc.oneof(
  migrate,
  record({ ...planned, kind: just('suspend' as const), from: host }),
  record({ ...planned, kind: just('resume' as const), to: host }),
  record({ ...planned, kind: just('start' as const), to: host }),
  record({ ...planned, kind: just('stop' as const), from: host }),
)
const result: fc.Arbitrary<ActionResult> = fc.oneof(
  record({ kind: just('done' as const) }),
  partial({ kind: fc.constantFrom('refused' as const, 'unknown' as const), code: text, detail: text }, [
    'detail',
  ]),
)

const labels = few(text)
const vmSnapshot: fc.Arbitrary<VmSnapshot> = partial(
  {
    labels,
    vm,
    name: text,
    state: fc.constantFrom('running', 'paused'),
    incarnation: text,
    demand: resources,
    dirtyMiBps: measure,
    demandStats: record({
      watchedS: amountMeasure,
      meanMilli: amountMeasure,
      deviationMilli: amountMeasure,
      turnoverS: amountMeasure,
    }),
    fixed: codeOrNull,
    cooldownMs: measure,
    movedFrom: fc.option(host),
  },
  ['labels'],
)
const hostSnapshot: fc.Arbitrary<HostSnapshot> = record({
  host,
  name: text,
  capacity: resources,
  reserve: resources,
  vms: few(vmSnapshot),
  promisedIn: totals,
  draining: fc.boolean(),
  overloaded: fc.boolean(),
  foresees: fc.boolean(),
  cpuBaseline: text,
  failureDomain: textOrNull,
  rules: few(rule),
  sampleAgeMs: measure,
})

const vmState = fc.constantFrom('running' as const, 'sleeping' as const, 'ready' as const)
const amounts = fc.tuple(count, count)
const problem: fc.Arbitrary<Problem> = record({
  dimensions: just(['cpuMilli', 'memoryMiB']),
  hosts: few(
    partial(
      {
        admits: amounts,
        id: host,
        state: fc.constantFrom('online' as const, 'draining' as const, 'offline' as const),
        limit: amounts,
        cpuBaseline: textOrNull,
        failureDomain: textOrNull,
      },
      ['admits'],
    ),
  ),
  vms: few(
    partial(
      {
        labels,
        id: vm,
        host: fc.option(host),
        state: vmState,
        wanted: vmState,
        demand: amounts,
        memoryMiB: count,
        dirtyMiBps: measure,
        movable: fc.boolean(),
      },
      ['labels'],
    ),
  ),
  rules: few(rule),
  bandwidthMiBps: measure,
  migrationsOutMax: count,
  migrationsInMax: count,
})

const rank = record({ severity: fc.maxSafeInteger(), ageMs: measure, partition })
/** Any key but `__proto__`, which is no host. */
const epochs = fc.dictionary(
  fc.string({ minLength: 1, maxLength: 60 }).filter((key) => key !== '__proto__'),
  count,
  { maxKeys: 5, noNullPrototype: true },
)

const reason = fc.constantFrom(
  'overload.cpu' as const,
  'overload.mem' as const,
  'drain' as const,
  'operator' as const,
  'rule.violation' as const,
  'forecast.cpu' as const,
)
const decision: fc.Arbitrary<Decision> = record({
  id: partition,
  leader: host,
  leaderName: text,
  reason,
  need: text,
  mode: fc.constantFrom('observe' as const, 'auto' as const),
  members: few(host),
  candidates: few(record({ host, name: text, code: codeOrNull, text })),
  stayed: few(record({ vm, name: text, code: anyCode })),
  actions: few(
    record({
      action: anyAction,
      vmName: text,
      demand: resources,
      result: fc.option(fc.oneof(result, record({ kind: just('would' as const) }))),
    }),
  ),
  hosts: few(record({ host, name: text, usable: resources, before: totals, after: totals })),
  result: fc.constantFrom(
    'running' as const,
    'cured' as const,
    'relieved' as const,
    'nothing' as const,
    'would' as const,
  ),
  code: codeOrNull,
  text,
  detectedAt: fc.maxSafeInteger(),
  reservedMs: fc.option(measure),
  solvedMs: fc.option(measure),
  detectToStartMs: fc.option(measure),
  endedMs: fc.option(measure),
  asMember: fc.boolean(),
})

const peer = { incarnation: count }
const member = { ...peer, partition, epoch: count }
const acting = { ...member, action }
const moving = { ...acting, vm }

type OfKind<K extends Message['kind']> = fc.Arbitrary<Extract<Message, { readonly kind: K }>>

/** A kind that is added to `Message` is missing here until it has an arbitrary too. */
export const arbitraryOfKind: { readonly [K in Message['kind']]: OfKind<K> } = {
  reserve: record({
    ...member,
    kind: just('reserve'),
    rank,
    reason,
    intent: fc.constantFrom('lease', 'observe'),
  }),
  granted: record({ ...member, kind: just('granted'), leaseMs: measure, snapshot: hostSnapshot }),
  busy: record({ ...member, kind: just('busy'), holder: partition, rank, retryMs: measure }),
  declined: record({ ...member, kind: just('declined'), code: anyCode }),
  renew: record({ ...member, kind: just('renew') }),
  release: record({ ...member, kind: just('release') }),
  revoked: record({
    ...member,
    kind: just('revoked'),
    code: fc.constantFrom('wounded', 'lapsed', 'unknown'),
  }),
  assign: record({
    ...member,
    kind: just('assign'),
    problem,
    plan: record({ actions: few(anyAction), makespanMs: measure }),
    epochs,
    decision,
  }),
  recorded: record({ ...member, kind: just('recorded'), decision }),
  begin: record({ ...acting, kind: just('begin') }),
  withdraw: record({ ...moving, kind: just('withdraw') }),
  ended: record({ ...acting, kind: just('ended'), result }),
  admit: record({
    ...acting,
    kind: just('admit'),
    migrate,
    vm: vmSnapshot,
    paused: fc.boolean(),
    sourceUri: text,
    cooldownMs: measure,
    autostart: fc.boolean(),
  }),
  admitted: record({ ...acting, kind: just('admitted'), uri: text, validMs: measure }),
  'not-admitted': record({ ...acting, kind: just('not-admitted'), code: anyCode }),
  'hand-over': record({
    ...moving,
    kind: just('hand-over'),
    round: count,
    demand: fc.option(resources),
    autostart: fc.boolean(),
  }),
  'took-over': record({ ...moving, kind: just('took-over') }),
  closed: record({ ...moving, kind: just('closed') }),
  forgotten: record({ ...moving, kind: just('forgotten') }),
  cancelled: record({ ...moving, kind: just('cancelled') }),
  'where-is': record({ ...moving, kind: just('where-is'), round: count }),
  whereabouts: record({
    ...moving,
    kind: just('whereabouts'),
    round: count,
    presence: fc.constantFrom(
      'running',
      'paused',
      'held',
      'outgoing',
      'incoming',
      'shut',
      'saved',
      'absent',
      'silent',
    ),
  }),
  ping: record({ ...peer, kind: just('ping'), sequence: count }),
  ack: record({ ...peer, kind: just('ack'), sequence: count, subject: host }),
  'ping-req': record({ ...peer, kind: just('ping-req'), sequence: count, target: host }),
  suspect: record({ ...peer, kind: just('suspect'), subject: host, subjectIncarnation: count }),
  outdated: record({ ...peer, kind: just('outdated'), known: count }),
}
export const arbitraryMessage: fc.Arbitrary<Message> = fc.oneof(
  ...Object.values<fc.Arbitrary<Message>>(arbitraryOfKind),
)

export const arbitrarySummary: fc.Arbitrary<LoadSummary> = record({
  host,
  name: text,
  location: text,
  incarnation: count,
  sequence: count,
  capacity: resources,
  reserve: resources,
  demand: totals,
  committedIn: totals,
  committedOut: totals,
  forecast: fc.option(
    record({ meanMilli: measure, awayMilli: measure, deviationMilli: measure, turnoverS: measure }),
  ),
  vms: count,
  overloaded: fc.boolean(),
  state: fc.constantFrom('up', 'draining', 'leaving'),
  able: fc.boolean(),
  partition: fc.option(partition),
  failureDomain: textOrNull,
  cpuBaseline: text,
  migrationUri: text,
  mode: fc.constantFrom('observe', 'auto'),
  version: text,
  policyHash: text,
})
