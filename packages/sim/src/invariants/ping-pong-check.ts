/**
 * Q1: a VM that was moved stays for its cool-down unless its host is overloaded; it goes back only when demand has changed; and
 * every plan against an overload leaves less of it, by a margin or none. A cool-down binds drover's own ideas, and no host that is told to drain.
 */
import type { Assign, Effect, HostId, Input, Policy, Problem, Resources, VmId } from '@drover/protocol'
import type { AgentEvent } from './agent-feed.ts'
import { clockRateMax } from './clock-rates.ts'
import { type HostBook, partitionOf } from './host-book.ts'
import { excessOf } from './plan-reading.ts'
import type { Check, Scene } from './scene.ts'
import { createStandingOverloads, type StandingOverloads } from './standing-overload.ts'

/** As a host was when its lease was given: a plan is made from that. */
interface Given {
  readonly draining: boolean
  readonly overloaded: boolean
}

interface Rest {
  readonly from: string
  readonly host: string
  readonly until: number
  /** Of the plan that moved it. */
  readonly partition: string
  /** What wanted what when it arrived: the VM, and both hosts. */
  readonly demands: readonly Resources[]
}

interface PingPongState {
  readonly scene: Scene
  readonly policy: Policy
  readonly rests: Map<VmId, Rest>
  /** By host, when its last life began: by the world's clock and by its own. */
  readonly clocks: Map<HostBook, { readonly at: number; readonly wallMs: number }>
  readonly overloads: StandingOverloads
  /** Their operators want them empty. */
  readonly draining: Set<HostBook>
  readonly given: Map<HostBook, Given>
}

/** A wall clock that differs by more was set. */
const clockSetMs = 1_000

const ownIdeas: ReadonlySet<string> = new Set(['overload.cpu', 'overload.mem', 'forecast.cpu'])

const isOverloaded = ({ problem }: Assign, id: HostId): boolean => {
  const limit = problem.hosts.find((host) => host.id === id)?.limit ?? []
  return limit.some((most, d) => {
    const here = problem.vms.filter((vm) => vm.host === id && vm.state === 'running')
    return here.reduce((sum, { demand }) => sum + (demand[d] ?? 0), 0) > most
  })
}

const demandsOf = ({ world }: Scene, vm: VmId, a: string, b: string): readonly Resources[] => [
  world.vm(vm),
  world.host(a).demand,
  world.host(b).demand,
]

/** By more than lies between an overload and its cure. */
const hasChanged = ({ scene, policy }: PingPongState, vm: VmId, { from, host, demands }: Rest): boolean => {
  const hysteresis = 1 - policy.clearPermille / 1_000
  const usable = scene.usable(host)
  return demandsOf(scene, vm, from, host).some((now, i) => {
    const then = demands[i]!
    return (
      Math.abs(now.cpuMilli - then.cpuMilli) > hysteresis * usable.cpuMilli ||
      Math.abs(now.memoryMiB - then.memoryMiB) > hysteresis * usable.memoryMiB
    )
  })
}

const performs = (
  state: PingPongState,
  book: HostBook,
  { action, operation }: Extract<Effect, { readonly kind: 'perform' }>,
): void => {
  const { world, findings, books } = state.scene
  const assign = book.plans.get(partitionOf(action))
  const rest = state.rests.get(operation.vm)
  if (operation.kind !== 'migrate' || assign === undefined || rest === undefined) return
  if (rest.host !== book.name || world.clock.now() >= rest.until) return
  if (!ownIdeas.has(assign.decision.reason)) return
  // One plan may move a VM twice: it makes room on its way, and stays there for as long as the plan takes.
  if (rest.partition === partitionOf(action)) return
  const given = state.given.get(book)
  if (given?.draining === true) return
  const { name } = world.vm(operation.vm)
  const left = Math.round(rest.until - world.clock.now())
  if (!isOverloaded(assign, book.id) && given?.overloaded !== true)
    findings.tell(
      'Q1',
      `${name} leaves ${book.name}, which is not overloaded, ${left} ms before its rest ends`,
    )
  else if (books.get(operation.to)?.name === rest.from && !hasChanged(state, operation.vm, rest))
    findings.tell('Q1', `${name} goes back from ${book.name} to ${rest.from}, and demand is as it was`)
}

/** What its host does not know any more does not bind it: its journal was damaged, or its wall clock set. */
const born = (state: PingPongState, book: HostBook, event: Extract<AgentEvent, { kind: 'born' }>): void => {
  const { rests, clocks, scene } = state
  const now = scene.world.clock.now()
  if (event.restored.draining) state.draining.add(book)
  else state.draining.delete(book)
  const before = clocks.get(book)
  clocks.set(book, { at: now, wallMs: event.wallMs })
  const wasSet =
    before !== undefined && Math.abs(event.wallMs - before.wallMs - (now - before.at)) > clockSetMs
  if (!wasSet && !book.damaged) return
  for (const [vm, rest] of rests) {
    if (rest.host !== book.name) continue
    const known = event.restored.cooldowns.find((one) => one.vm === vm)
    if (known === undefined) rests.delete(vm)
    else rests.set(vm, { ...rest, until: Math.min(rest.until, now + known.remainingMs / clockRateMax) })
  }
}

const told = ({ overloads, draining }: PingPongState, book: HostBook, input: Input): void => {
  if (input.kind === 'observed') overloads.shown(book, input.vms)
  if (input.kind !== 'commanded') return
  if (input.command.kind === 'drain' && !input.command.dryRun) draining.add(book)
  if (input.command.kind === 'undrain') draining.delete(book)
}

/** Each host's excess is rounded up to a permille, in each dimension. */
const roundedPermille = ({ hosts, dimensions }: Problem): number => hosts.length * dimensions.length

/** What is wrong with the plan against an overload, or null. A host that drains has other excess, too. */
const vainly = ({ problem, plan }: Assign, { gainMinPermille }: Policy): string | null => {
  const [before, after] = [excessOf(problem, null) * 1_000, excessOf(problem, plan) * 1_000]
  if (before <= 0 || after <= 0) return null
  if (after >= before) return 'as much of it is left'
  if (problem.hosts.some(({ state }) => state === 'draining')) return null
  const gain = before - after + roundedPermille(problem)
  return gain * 1_000 < before * gainMinPermille ? 'hardly less of it is left' : null
}

const assigned = ({ scene, policy }: PingPongState, book: HostBook, assign: Assign): void => {
  if (!assign.decision.reason.startsWith('overload')) return
  const vain = vainly(assign, policy)
  if (vain !== null)
    scene.findings.once(
      `Q1 ${assign.partition}`,
      'Q1',
      `${book.name} plans ${assign.plan.actions.length} moves against its overload, and ${vain}`,
    )
}

export const createPingPongCheck = (scene: Scene): Check => {
  const { policy } = scene
  if (policy === null) return {}
  const state: PingPongState = {
    scene,
    policy,
    rests: new Map(),
    clocks: new Map(),
    overloads: createStandingOverloads(scene, policy.clearPermille),
    draining: new Set(),
    given: new Map(),
  }
  const { draining, overloads, given } = state
  return {
    agent(event, book) {
      if (event.kind === 'born') born(state, book, event)
      if (event.kind === 'input') told(state, book, event.input)
      if (event.kind === 'stepped' && event.lease !== null && event.lease.epoch !== book.lease?.epoch)
        given.set(book, { draining: draining.has(book), overloaded: overloads.at(book) })
      if (event.kind === 'effect' && event.effect.kind === 'perform') performs(state, book, event.effect)
      if (event.kind === 'sent' && event.message.kind === 'assign') assigned(state, book, event.message)
    },
    world(event) {
      if (event.kind !== 'migration-ended') return
      const { vm, from, to, byHand } = event.migration
      state.rests.delete(vm)
      const host = scene.named(to)
      // A destination that has lost its record of the arrival takes the VM for a new one.
      const expected = [...(host?.open.values() ?? [])].find((one) => one.kind === 'arrival' && one.vm === vm)
      if (event.end !== 'moved' || byHand || expected === undefined) return
      const until = scene.world.clock.now() + policy.cooldownMs / clockRateMax
      const partition = partitionOf(expected.action)
      state.rests.set(vm, { from, host: to, until, partition, demands: demandsOf(scene, vm, from, to) })
    },
  }
}
