/** Ejection chains (Glover 1992) in simulated annealing: a VM goes, and those that share a rule with it follow, or make way. */
import type { CompiledConstraint } from '../model/constraints/compiled-constraint.ts'
import type { RandomStream } from '../problem/random.ts'
import { type AnnealingState, move } from './annealing-state.ts'
import { evaluateMove } from './move-cost.ts'

export interface EjectionChains {
  readonly state: AnnealingState
  /** The VMs that a chain may begin with: those with a hard rule about few VMs. */
  readonly heads: Int32Array
  /** 1 = it may move. [vm] */
  readonly isMover: Uint8Array
  /** Where the VMs of the rule are that are decided, −1 = undecided. [vm] */
  readonly decided: Int32Array
  /** The moves of the chain so far: which VM, from where, with which partner. */
  readonly vms: Int32Array
  readonly from: Int32Array
  readonly partners: Int32Array
  length: number
}

const chainMax = 10

export const createEjectionChains = (state: AnnealingState): EjectionChains => {
  const { movers, constraintsOn, model } = state
  const isMover = new Uint8Array(model.vmCount)
  for (const v of movers) isMover[v] = 1
  return {
    state,
    heads: movers.filter((v) => constraintsOn[v]!.some((p) => isShort(model.constraints[p]!))),
    isMover,
    decided: new Int32Array(model.vmCount).fill(-1),
    vms: new Int32Array(chainMax),
    from: new Int32Array(chainMax),
    partners: new Int32Array(chainMax),
    length: 0,
  }
}

const isShort = ({ weight, scope }: CompiledConstraint): boolean => weight < 0 && scope.length <= chainMax

/** The chain that VM `v` begins by going to host `h`, for one of its rules; undone unless it costs at most `most`. */
export const tryChain = (
  chains: EjectionChains,
  v: number,
  h: number,
  most: number,
  random: RandomStream,
): void => {
  const { state, decided, isMover } = chains
  const { at, model } = state
  const of = state.constraintsOn[v]!
  const constraint = model.constraints[of[random.below(of.length)]!]!
  if (!isShort(constraint)) return
  const { scope } = constraint
  chains.length = 0
  let cost = evaluateMove(state, v, h, Number.POSITIVE_INFINITY)
  link(chains, v, h)
  decided[v] = h
  for (let i = 0; i < scope.length; i++) {
    const w = scope[i]!
    if (w === v || at[w]! < 0) continue
    if (isMover[w] === 1 && constraint.clashes(decided, w, at[w]!)) cost += follow(chains, constraint, w)
    decided[w] = at[w]!
  }
  for (let i = 0; i < scope.length; i++) decided[scope[i]!] = -1
  if (cost > most)
    while (chains.length-- > 0)
      move(state, chains.vms[chains.length]!, chains.from[chains.length]!, chains.partners[chains.length]!)
}

/** The VM goes where it costs least and keeps the rule; it stays when there is no such host. Returns the cost. */
const follow = (chains: EjectionChains, constraint: CompiledConstraint, w: number): number => {
  const { state, decided } = chains
  const { hostCount, domain } = state.model
  const here = state.at[w]!
  let least = Number.POSITIVE_INFINITY
  let to = -1
  let partner = -1
  for (let g = 0; g < hostCount; g++) {
    if (g === here || domain[w]![g] === 0 || constraint.clashes(decided, w, g)) continue
    const cost = evaluateMove(state, w, g, least)
    if (cost >= least) continue
    least = cost
    to = g
    partner = state.partner
  }
  if (to < 0) return 0
  state.partner = partner
  link(chains, w, to)
  return least
}

const link = (chains: EjectionChains, v: number, to: number): void => {
  const { state } = chains
  chains.vms[chains.length] = v
  chains.from[chains.length] = state.at[v]!
  chains.partners[chains.length++] = state.partner
  move(state, v, to, state.partner)
}
