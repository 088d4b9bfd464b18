/** Traces of competition.pml: all partitions of a cluster of three hosts or fewer, one trace for each time in which any is formed. */
import { leaderOf, type PartitionId } from '../../packages/protocol/src/index.ts'
import { numberOf, type Step, step, type Trace, type TracedEvent } from './trace.ts'

/** As many hosts as the model has, and the number of a pair of two of them. */
const hostsMax = 3
const pair = (leader: number, host: number): number => leader * 4 + host

interface Competition {
  readonly done: (readonly Step[])[]
  steps: Step[]
  /** Partitions under way, by their leader; those that only look take no lease, and are none. */
  readonly led: Map<number, PartitionId>
  /** Which hosts have answered which partitions. */
  readonly answered: Set<string>
  /** Something that the model does not have: this trace ends before it. */
  outside: boolean
}

const say = (all: Competition, name: string, p: number): void => {
  if (!all.outside) all.steps.push(step(name, p))
}

/** None is under way: what comes now is another trace. */
const rest = (all: Competition): void => {
  if (all.led.size > 0) return
  all.done.push(all.steps)
  all.steps = []
  all.outside = false
}

const isLed = (all: Competition, partition: PartitionId): boolean =>
  all.led.get(numberOf(leaderOf(partition))) === partition

const asked = (
  all: Competition,
  { host, effect, step: at }: Extract<TracedEvent, { kind: 'effect' }>,
  formedAt: Map<number, number>,
): void => {
  if (effect.kind === 'report') {
    const { decision } = effect
    if (decision.asMember || decision.result === 'running' || !isLed(all, decision.id)) return
    const leader = numberOf(leaderOf(decision.id))
    const cured = decision.result === 'cured' || decision.result === 'relieved'
    say(all, cured ? 'cures' : 'fails', leader)
    all.led.delete(leader)
    return rest(all)
  }
  if (effect.kind !== 'send') return
  const { message } = effect
  if (message.kind === 'reserve' && message.intent === 'lease') {
    if (!isLed(all, message.partition)) {
      all.led.set(host, message.partition)
      formedAt.set(host, at)
      say(all, 'forms', host)
    } else if (formedAt.get(host) !== at) all.outside = true
  }
  if (!('partition' in message) || message.partition === null || !isLed(all, message.partition)) return
  const leader = numberOf(leaderOf(message.partition))
  const word = answers.get(message.kind)
  if (word === undefined || (message.kind === 'granted' && message.epoch === 0))
    return assigned(all, message.kind, leader)
  // A question that comes twice is answered twice.
  const told = `${message.partition} ${host}`
  if (!all.answered.has(told)) say(all, word, pair(leader, host))
  all.answered.add(told)
}

const answers: ReadonlyMap<string, string> = new Map([
  ['granted', 'grants'],
  ['busy', 'refuses'],
  ['declined', 'declines'],
])

const assigned = (all: Competition, kind: string, leader: number): void => {
  if (kind === 'assign' && all.steps.at(-1)?.name !== 'executes') say(all, 'executes', leader)
}

export const competitionTraces = (events: readonly TracedEvent[], label: string): readonly Trace[] => {
  const hosts = new Set(events.flatMap((event) => (event.kind === 'born' ? [event.host] : [])))
  if (hosts.size > hostsMax) return []
  const all: Competition = { done: [], steps: [], led: new Map(), answered: new Set(), outside: false }
  const formedAt = new Map<number, number>()
  for (const event of events) {
    if (event.kind === 'effect') asked(all, event, formedAt)
    if (event.kind !== 'died') continue
    if (all.led.size > 0) say(all, 'dies', event.host)
    all.led.delete(event.host)
    rest(all)
  }
  all.done.push(all.steps)
  return all.done.map((steps, i) => ({ model: 'competition', label: `${label} competition ${i + 1}`, steps }))
}
