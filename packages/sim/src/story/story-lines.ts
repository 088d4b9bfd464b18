/**
 * One line of a golden story for each decision, message and effect. What comes many times a second and decides nothing
 * is left out: probes, summaries, renewals of leases, wakes and looks at the hypervisor.
 */
import type {
  ActionResult,
  Decision,
  DrainBlocker,
  Effect,
  JournalRecord,
  Message,
  Operation,
  Reply,
} from '@drover/protocol'
import type { WorldEvent } from '../hypervisor/events.ts'

/** `peer-0002` is host h2: ids of partitions and actions begin with a host's id. */
export const short = (text: string): string =>
  text.replace(/\bpeer-(\d{4})\b/g, (_, digits: string) => `h${Number(digits)}`)

const resultOf = (result: ActionResult | { readonly kind: 'would' } | null): string => {
  if (result === null) return 'open'
  return 'code' in result ? `${result.kind} ${result.code}` : result.kind
}

const decisionOf = (decision: Decision): string => {
  const { id, result, code, text, reason, members, asMember } = decision
  const head = `decision ${id} ${reason} ${result}${code === null ? '' : ` ${code}`}: ${text}`
  const where = `${asMember ? 'as member; ' : ''}members ${members.join(' ') || 'none'}`
  const actions = decision.actions.map(({ action, vmName, result: ended }) => {
    const from = 'from' in action ? action.from : '-'
    const to = 'to' in action ? action.to : '-'
    return `\n            ${action.id} ${action.kind} ${vmName} ${from} > ${to} ${resultOf(ended)}`
  })
  return `${head} (${where})${actions.join('')}`
}

const recordOf = (record: JournalRecord): string => {
  switch (record.kind) {
    case 'epoch':
      return `epoch ${record.epoch}`
    case 'opened': {
      const { open } = record
      const ends = 'peer' in open ? ` ${open.kind === 'departure' ? 'to' : 'from'} ${open.peer}` : ''
      return `opened ${open.kind} ${open.action} ${open.vm}${ends}`
    }
    case 'closed':
      return `closed ${record.end} ${record.action} ${record.vm} ${resultOf(record.result)}`
    case 'draining':
      return `draining ${record.draining}`
    case 'mode':
      return `mode ${record.mode}`
    case 'autostart-owed':
      return `autostart-owed ${record.vm} of ${record.action}`
    case 'autostart-set':
      return `autostart-set ${record.vm}`
    case 'cooldown':
      return `cooldown ${record.vm} from ${record.from} ${record.remainingMs} ms`
    default:
      return detailOf(record)
  }
}

/** What a record or message of another kind says, field by field. */
const detailOf = (value: { readonly kind: string }): string => {
  const { kind, ...rest } = value
  const fields = Object.entries(rest).flatMap(([name, field]) =>
    typeof field === 'object' && field !== null ? [] : [`${name}=${field}`],
  )
  return [kind, ...fields].join(' ')
}

const quiet = new Set<Message['kind']>(['ping', 'ack', 'ping-req', 'suspect', 'renew'])

const messageOf = (message: Message): string => {
  switch (message.kind) {
    case 'reserve':
      return `reserve ${message.partition} ${message.intent} for ${message.reason}, severity ${message.rank.severity}`
    case 'granted':
      return `granted ${message.partition} epoch ${message.epoch}, ${message.snapshot.vms.length} VMs`
    case 'busy':
      return `busy ${message.partition} with ${message.holder}`
    case 'assign': {
      const { actions } = message.plan
      return `assign ${message.partition} epoch ${message.epoch}, ${actions.length} actions`
    }
    case 'recorded':
      return `recorded ${message.partition} ${message.decision.result}`
    case 'ended':
      return `ended ${message.action} ${resultOf(message.result)}`
    case 'admit':
      return `admit ${message.action} ${message.vm.name} wants ${message.vm.demand.cpuMilli} mCPU ${message.vm.demand.memoryMiB} MiB${message.autostart ? ', starts with its host' : ''}`
    case 'admitted':
    case 'begin':
      return `${message.kind} ${message.action}`
    case 'not-admitted':
      return `not-admitted ${message.action} ${message.code}`
    case 'hand-over':
    case 'took-over':
    case 'closed':
    case 'forgotten':
    case 'cancelled':
    case 'withdraw':
    case 'where-is':
      return `${message.kind} ${message.action} ${message.vm}`
    case 'whereabouts':
      return `whereabouts ${message.action} ${message.vm} ${message.presence}`
    case 'release':
      return `release ${message.partition} epoch ${message.epoch}`
    default: {
      const { incarnation: _, ...rest } = message
      return detailOf(rest)
    }
  }
}

const blockersOf = (blockers: readonly DrainBlocker[]): string =>
  blockers.map(({ name, code }) => `${name} ${code}`).join(', ') || 'none'

const replyOf = (reply: Reply): string => {
  switch (reply.kind) {
    case 'ok':
      return `ok: ${reply.text}${reply.decision === null ? '' : ` (${reply.decision})`}`
    case 'refused':
      return `refused ${reply.code}: ${reply.text}${reply.blockers === undefined ? '' : `; blockers: ${blockersOf(reply.blockers)}`}`
    case 'drain': {
      const leaving = reply.leaving.map(({ name }) => name).join(' ')
      return `${reply.begun ? 'draining' : 'would drain'}: ${leaving || 'no VM'} to leave; blockers: ${blockersOf(reply.blockers)}`
    }
  }
}

const operationOf = (operation: Operation): string =>
  `${operation.kind} ${operation.vm}${operation.kind === 'migrate' && operation.paused ? ', to arrive paused' : ''}`

/** Null = this effect is left out. */
export const effectLine = (effect: Effect): string | null => {
  switch (effect.kind) {
    case 'publish':
    case 'wake':
    case 'sample':
    case 'describe':
      return null
    case 'persist':
      // One for each pair of hosts.
      return effect.record.kind === 'met' ? null : `persist ${recordOf(effect.record)}`
    case 'send':
      return quiet.has(effect.message.kind) ? null : `> ${effect.to} ${messageOf(effect.message)}`
    case 'solve': {
      const { problem } = effect
      return `solve ${effect.partition} round ${effect.round}: ${problem.hosts.length} hosts, ${problem.vms.length} VMs`
    }
    case 'perform':
      return `perform ${effect.action}: ${operationOf(effect.operation)}`
    case 'abort':
      return `abort ${effect.action}: ${effect.vm} is to stay`
    case 'inspect':
      return `inspect ${effect.action}: where is ${effect.vm} ${effect.at === null ? 'here' : `at ${effect.at}`}`
    case 'leave':
      return 'leave: the agent may end'
    case 'resume':
      return `resume ${effect.action}: ${effect.vm} ${effect.at === null ? 'here' : `at ${effect.at}`}`
    case 'set-autostart':
      return `set-autostart ${effect.action}: ${effect.vm} is to start with this host`
    case 'report':
      return decisionOf(effect.decision)
    case 'warn':
      return `warn ${effect.code}: ${effect.text}`
    case 'reply':
      return `reply ${replyOf(effect.reply)}`
    default:
      return detailOf(effect)
  }
}

/** Asked again and again while an action is open: a story shows each such line once in a block. */
export const isPoll = (line: string): boolean => / (?:inspect|> h\d+ where-is|> h\d+ whereabouts) /.test(line)

/** Null = this event is left out: the story itself says what it changes. */
export const eventLine = (event: WorldEvent): string | null => {
  switch (event.kind) {
    case 'migration-started':
      return `${event.migration.vm} begins to move ${event.migration.from} > ${event.migration.to}`
    case 'migration-finished':
      return `${event.migration.vm} is at ${event.migration.to}; ${event.migration.from} does not know yet`
    case 'migration-ended':
      return `${event.migration.vm} ${event.end} ${event.migration.from} > ${event.migration.to}${event.detail === '' ? '' : `: ${event.detail}`}`
    case 'migration-refused':
      return `${event.vm} is refused ${event.from} > ${event.to}: ${event.code}`
    case 'autostart-set':
      return `${event.vm} ${event.autostart ? 'starts' : 'does not start any more'} with ${event.host}`
    case 'vm':
      return `${event.vm} ${event.what} on ${event.host}`
    default:
      return null
  }
}
