/** How a story ends its faults: a core of hosts is healed while the rest stays broken, and an operator does what the alarms ask for. */
import type { Rule } from '@drover/protocol'
import { answerAlarm } from '../hypervisor/operator-hand.ts'
import type { Checker } from '../invariants/checker.ts'
import { createLivenessCheck, type LivenessCheck } from '../invariants/liveness.ts'
import { livenessBounds } from '../invariants/liveness-bounds.ts'
import type { Network } from '../network/model.ts'
import type { Cluster } from './cluster-api.ts'
import { agentFaults, hostFaults } from './cluster-faults.ts'
import { type ClusterState, hostAt, viewOf } from './cluster-state.ts'

const calm = { drop: 0, duplicate: 0, jitterMs: 0, reorder: 0, replayMs: 0 } as const

/** Of a sound network. */
const latencyMsMax = 100

const healHost = (state: ClusterState, host: number): void => {
  const { world } = state
  const name = `h${host}`
  const record = hostAt(state, host)
  const faults = { ...agentFaults(state), ...hostFaults(state) }
  faults.fullJournal(host, false)
  faults.fsync(host, 0)
  faults.thaw(host)
  record.freezeAt = null
  record.disk.crash = null
  record.lie = null
  faults.bootHost(host)
  world.slow(name, 0)
  world.telling(name, 'once')
  world.daemon(name, 'up')
  faults.restartAgent(host)
}

/** An owner gives up a move of its own after so long, ms: its guest may rewrite memory faster than the link carries it. */
const ownersWaitMs = 120_000

const giveUpMoves = ({ world }: ClusterState): void => {
  for (const { vm, byHand, startedAt } of world.migrations())
    if (byHand && world.clock.now() - startedAt > ownersWaitMs) world.byHand.abort(vm)
}

/** All words of a rule: the VMs that it names are among them. */
const wordsOf = (value: unknown): readonly string[] => {
  if (typeof value === 'string') return [value]
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(wordsOf) : []
}

/** Does a rule concern the VM? One about a label is taken to concern all. */
const ruledBy = (rules: readonly Rule[]): ((vm: string) => boolean) => {
  const words = new Set(rules.flatMap(wordsOf))
  const labels = rules.some((rule) => 'label' in rule)
  return (vm) => labels || words.has(vm)
}

export const createPeace = (
  state: ClusterState,
  model: Network,
  checker: Pick<Checker, 'bookOf'>,
): Pick<Cluster, 'healCore' | 'operate' | 'liveness'> => {
  const { hosts, world, policy, options, network } = state
  let check: LivenessCheck | null = null
  return {
    healCore(core) {
      Object.assign(model.weather, calm)
      model.weather.latencyMs = Math.min(model.weather.latencyMs, latencyMsMax)
      world.clearFaults()
      world.clearLies()
      state.occasions.forget()
      for (const a of core)
        for (const b of core) {
          network.heal(hostAt(state, a).id, hostAt(state, b).id)
          world.heal(`h${a}`, `h${b}`)
        }
      for (const host of core) healHost(state, host)
      const names = new Set(core.map((host) => `h${host}`))
      for (const { vm, from, to } of world.migrations())
        if (names.has(from) && names.has(to)) world.relent(vm)
      check = createLivenessCheck({
        before: check,
        world,
        core,
        ids: hosts.map(({ id }) => id),
        view: (host) => viewOf(state, hostAt(state, host)),
        agents: state.feed,
        bookOf: checker.bookOf,
        bounds: livenessBounds(policy, core.length, options.sampleMs ?? 1_000),
        ruled: ruledBy(state.rules),
      })
    },
    operate() {
      giveUpMoves(state)
      for (const host of hosts.keys()) {
        const view = viewOf(state, hostAt(state, host))
        for (const alarm of view?.alarms ?? []) answerAlarm(world, `h${host}`, alarm)
      }
    },
    liveness: () => check,
  }
}
