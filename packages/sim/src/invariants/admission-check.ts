/**
 * S9 and Q2: a migration begins, and drover starts or resumes a VM, only where there is room for all that was promised; and not too
 * many migrations at once.
 */
import { type ActionId, dimensions, type Effect, limits, type VmId } from '@drover/protocol'
import type { MigrationTruth, WorldEvent } from '../hypervisor/events.ts'
import type { AgentEvent } from './agent-feed.ts'
import { running } from './copies-check.ts'
import type { HostBook } from './host-book.ts'
import { createLeastKnown, type LeastKnown } from './least-known.ts'
import type { Check, Scene } from './scene.ts'

export interface AdmissionLimits {
  readonly migrationsOutMax: number
  readonly migrationsInMax: number
  /** How old the measurement behind an admission may be, ms. */
  readonly staleMs: number
}

/** What an agent has asked its hypervisor for. It may read that late. */
interface Asked {
  readonly at: number
  /** When the host to which the VM comes has promised room for it. */
  readonly promisedAt: number
}

interface Unexpected {
  readonly to: string
  readonly at: number
  /** When the agent of that host was first told of it; null = it was not, or has been started anew since. */
  readonly toldAt: number | null
}

interface AdmissionState {
  readonly scene: Pick<Scene, 'world' | 'findings' | 'usable' | 'named'>
  readonly most: AdmissionLimits
  readonly known: LeastKnown
  /** By host, VM and operation: what came to nothing stays, until the same is asked for again. */
  readonly asked: Map<string, Asked>
  readonly promised: Map<ActionId, number>
  /** VMs that move, or have moved, though no host expected it. */
  readonly unexpected: Map<VmId, Unexpected>
  /** What an owner is about to do: what comes of it is the next event of the VM. */
  owner: EventOf<'by-hand'> | null
}

type EventOf<Kind extends WorldEvent['kind']> = Extract<WorldEvent, { readonly kind: Kind }>
type EventOfAgent<Kind extends AgentEvent['kind']> = Extract<AgentEvent, { readonly kind: Kind }>
type Operation = Extract<Effect, { kind: 'perform' }>['operation']['kind']

const keyOf = (host: string, vm: VmId, operation: Operation): string => `${host} ${vm} ${operation}`

/** What no host expected may have begun when this was promised already. */
const isForeseeable = ({ unexpected, most }: AdmissionState, vm: VmId, promisedAt: number) =>
  promisedAt - (unexpected.get(vm)?.at ?? Number.NEGATIVE_INFINITY) > most.staleMs

/** That host could know of it when it promised this: it was told of it, or it goes on for long. */
const isKnownAt = (state: AdmissionState, vm: VmId, host: string, promisedAt: number): boolean => {
  const one = state.unexpected.get(vm)
  if (one === undefined || one.to !== host) return true
  return (one.toldAt !== null && one.toldAt < promisedAt) || isForeseeable(state, vm, promisedAt)
}

/** By the journal of its agent the VM is still to come there. */
const isExpected = ({ scene: { named } }: AdmissionState, vm: VmId, host: string): boolean =>
  [...(named(host)?.open.values() ?? [])].some((open) => open.kind === 'arrival' && open.vm === vm)

/** It takes CPU there, or waits there for its hand-over. */
const countsCpu = (state: AdmissionState, vm: VmId, host: string): boolean => {
  const { copies } = state.scene.world.vm(vm)
  if (running(copies).length > 0) return running(copies).some((copy) => copy.host === host)
  return isExpected(state, vm, host)
}

/** Its hypervisor there is through with it, and no record says that its source is not: only a paused copy is to be seen. */
const looksOver = (state: AdmissionState, { vm, to, phase }: MigrationTruth): boolean =>
  (phase === 'finished' || phase === 'confirm') && !isExpected(state, vm, to)

/** The room was promised when the request was made, on a measurement from before. */
const judgeRoom = (state: AdmissionState, id: VmId, host: string, promisedAt: number): void => {
  const { world, findings, usable } = state.scene
  const counts = (vm: VmId): boolean => vm === id || isKnownAt(state, vm, host, promisedAt)
  const coming = world.migrations().filter((one) => one.to === host)
  // One that has arrived, and whose source does not know it yet, is both.
  const moving = new Set(coming.map(({ vm }) => vm).filter(counts))
  const own = world.host(host).vms.filter(counts)
  for (const dimension of dimensions) {
    const all = new Set([
      ...moving,
      ...own.filter((vm) => dimension !== 'cpuMilli' || countsCpu(state, vm, host)),
    ])
    let total = 0
    for (const vm of all) total += state.known.of(vm, host, dimension, promisedAt)
    const room = usable(host)[dimension]
    if (total > room)
      findings.tell(
        'S9',
        `${world.vm(id).name} was let in by ${host}: ${total} of ${room} ${dimension} usable, counting all promised`,
      )
  }
}

const judgeBudget = (state: AdmissionState, host: string, promisedAt: number): void => {
  const { world, findings } = state.scene
  const { migrationsOutMax, migrationsInMax } = state.most
  const all = world.migrations()
  // Its source has asked before that, at a time that is not noted.
  const out = all.filter(({ vm, from }) => from === host && isForeseeable(state, vm, promisedAt)).length
  const into = all.filter(
    (one) => one.to === host && isKnownAt(state, one.vm, host, promisedAt) && !looksOver(state, one),
  ).length
  if (out > migrationsOutMax)
    findings.tell('Q2', `${out} migrations leave ${host} at once, ${migrationsOutMax} allowed`)
  if (into > migrationsInMax)
    findings.tell('Q2', `${into} migrations enter ${host} at once, ${migrationsInMax} allowed`)
}

const take = ({ asked }: AdmissionState, host: string, vm: VmId, operation: Operation): Asked | null => {
  const key = keyOf(host, vm, operation)
  const found = asked.get(key) ?? null
  asked.delete(key)
  return found
}

const begins = (state: AdmissionState, { vm, from, to, byHand }: MigrationTruth): void => {
  const now = state.scene.world.clock.now()
  const { at, promisedAt } = (byHand ? null : take(state, from, vm, 'migrate')) ?? {
    at: now,
    promisedAt: now,
  }
  state.known.leaves(vm, promisedAt)
  // Its owner answers for that; and a request that is read later than any promise lasts is outside the model (docs/adr/012).
  if (byHand || now - at > limits.lateStartMs)
    return void state.unexpected.set(vm, { to, at: now, toldAt: null })
  state.unexpected.delete(vm)
  judgeRoom(state, vm, to, promisedAt)
  judgeBudget(state, from, promisedAt)
  judgeBudget(state, to, promisedAt)
}

/** A host with no agent that could be told promises nothing. */
const appears = ({ known, scene }: AdmissionState, vm: VmId, host: string, resumed: boolean): void =>
  scene.named(host) === null ? known.exists(vm) : known.appears(vm, host, resumed)

const runs = (state: AdmissionState, { vm, host, what }: EventOf<'vm'>): void => {
  const { known, owner } = state
  state.owner = null
  if (what === 'paused') return known.pauses(vm)
  if (what === 'resumed') return known.goesOn(vm)
  if (what !== 'started' && what !== 'restored') return known.exists(vm)
  const byOwner = owner?.vm === vm && owner.host === host
  const asked = byOwner ? null : take(state, host, vm, what === 'started' ? 'start' : 'resume')
  if (asked === null) return appears(state, vm, host, false)
  // By drover's hand.
  known.arrives(vm)
  judgeRoom(state, vm, host, asked.promisedAt)
}

const performs = (
  state: AdmissionState,
  { name }: HostBook,
  { action, operation }: Extract<Effect, { kind: 'perform' }>,
): void => {
  const at = state.scene.world.clock.now()
  state.asked.set(keyOf(name, operation.vm, operation.kind), {
    at,
    promisedAt: state.promised.get(action) ?? at,
  })
}

/** What a host is told of a VM that no host expected there. */
const isTold = (state: AdmissionState, { name }: HostBook, vms: Iterable<VmId>): void => {
  const toldAt = state.scene.world.clock.now()
  for (const vm of vms) {
    const one = state.unexpected.get(vm)
    if (one?.to === name && one.toldAt === null) state.unexpected.set(vm, { ...one, toldAt })
  }
}

/** A new life is told of all anew, before it promises anything. */
const isBorn = ({ known, unexpected }: AdmissionState, { name }: HostBook): void => {
  known.begins(name)
  for (const [vm, one] of unexpected) if (one.to === name) unexpected.set(vm, { ...one, toldAt: null })
}

const hears = (state: AdmissionState, { input }: EventOfAgent<'input'>, book: HostBook): void => {
  if (input.kind === 'jobs') isTold(state, book, new Set(input.incoming.map(({ vm }) => vm)))
  if (input.kind !== 'observed') return
  state.known.shown(book.name, input.vms)
  if (state.unexpected.size === 0) return
  isTold(state, book, new Set(input.vms.filter((one) => one.state === 'running').map(({ vm }) => vm)))
}

const heed = (state: AdmissionState, event: AgentEvent, book: HostBook): void => {
  const { promised, scene } = state
  const now = scene.world.clock.now()
  if (event.kind === 'born') isBorn(state, book)
  if (event.kind === 'input') hears(state, event, book)
  if (event.kind === 'sent' && event.message.kind === 'admitted' && !promised.has(event.message.action))
    promised.set(event.message.action, now)
  if (event.kind === 'written' && event.record.kind === 'closed') promised.delete(event.record.action)
  if (event.kind !== 'effect') return
  const { effect } = event
  // A VM that is to start or to resume is looked at first: from then on it counts.
  if (effect.kind === 'inspect' && !promised.has(effect.action) && !book.open.has(effect.action))
    promised.set(effect.action, now)
  if (effect.kind === 'perform') performs(state, book, effect)
}

export const createAdmissionCheck = (scene: AdmissionState['scene'], most: AdmissionLimits): Check => {
  const known = createLeastKnown(scene.world, most.staleMs)
  const state: AdmissionState = {
    scene,
    most,
    known,
    asked: new Map(),
    promised: new Map(),
    unexpected: new Map(),
    owner: null,
  }
  return {
    agent: (event, book) => heed(state, event, book),
    world(event) {
      switch (event.kind) {
        case 'demand':
          return known.changed(event.vm, event)
        case 'by-hand':
          state.owner = event
          if (event.what === 'resume') appears(state, event.vm, event.host, true)
          return
        case 'vm':
          return runs(state, event)
        case 'migration-started':
          return begins(state, event.migration)
        case 'migration-ended':
          return known.arrives(event.migration.vm)
      }
    },
  }
}
