/**
 * The deterministic core of drover: one state machine per host, no I/O, no clock.
 *
 * ```ts
 * const peer = createPeer(init)
 * for await (const input of inputs)
 *   for (const effect of peer.step(clock.now(), input)) await carryOut(effect)
 * ```
 *
 * The story of one overload, file by file:
 *
 * 1. `detect/load.ts`: demand has been above what is usable for the hold time, or `placement/forecast/host-forecast.ts`
 *    expects, from the VMs' `placement/forecast/demand-history.ts`, that it will be. `detect/needs.ts` makes it a need.
 * 2. `ring/ring-view.ts` knows the others from their summaries, `ring/probe.ts` which of them are alive;
 *    `partition/select.ts` chooses the fewest near ones whose headroom covers the excess;
 *    `partition/rank-destinations.ts` the one that can best afford it.
 * 3. `partition/form.ts` and `partition/invite.ts` ask them all at once; each member's `partition/judge-reserve.ts` judges by
 *    `data/rank.ts`, and `partition/grant-lease.ts` grants, with a new epoch and `snapshot/take.ts`'s snapshot;
 *    `partition/member-answers.ts` waits until all have answered.
 * 4. `partition/solving.ts` lets `snapshot/formulate.ts` make the placement problem of the snapshots. A worker solves it:
 *    `placement/local/forecast-moves.ts` finds the move that saves most, `placement/solve-placement.ts` the fewest,
 *    cheapest ones, and `placement/order/planner.ts` puts them in order.
 * 5. `placement/check/checker.ts` trusts none of these; `partition/plan-fault.ts` says why the plan may not be carried out.
 * 6. `partition/carry-out.ts` assigns the plan and releases the hosts that it does not touch; `partition/plan-progress.ts` says
 *    what may begin, `partition/tell-members.ts` tells the members.
 * 7. The source looks again (`migration/admission.ts`) and asks (`migration/outgoing.ts`); the destination's ledger
 *    (`snapshot/ledger.ts`) promises (`migration/incoming.ts`); the hypervisor moves the VM; it is handed over.
 * 8. What ended in doubt is settled by asking both ends (`migration/resolve-unknown.ts`); `outcome/record.ts` writes
 *    down what happened and why, and `outcome/explain.ts` tells it to people.
 *
 * `partition/leader.ts` and `partition/member.ts` are the two sides of a partition, step by step.
 *
 * `peer.ts` is the one door, and `peer/` what is behind it: how the stages are wired (`peer/peer-parts.ts`), and what a
 * host does next (`peer/next-need.ts`). `data/io.ts` is what goes through the door, `data/message.ts` what peers say to
 * each other, `data/config.ts` the numbers.
 */

// biome-ignore-start assist/source/organizeImports: the order is the story

// The door, and what goes through it.
export * from './data/ids.ts'
export * from './data/config.ts'
export * from './data/bound-to.ts'
export * from './data/exponential-back-off.ts'
export * from './data/io.ts'
export * from './data/message.ts'
export * from './codec.ts'
export * from './peer.ts'
export * from './data/view.ts'

// What crosses it and is a placement's: the solver itself is in `@drover/placement`.
export {
  type Action,
  type ActionResult,
  type Answer,
  type Dimension,
  type Migrate,
  type Move,
  type PartitionProblem,
  type Plan,
  type Problem,
  type ProblemHost,
  type ProblemVm,
  type Resources,
  type Rule,
  type Solution,
  add,
  coresText,
  dimensions,
  firstExcess,
  fits,
  memoryText,
  nothing,
  resources,
  scale,
  subtract,
  sum,
} from '@drover/placement'

// The stages that others build on, in the order of the story.
export * from './detect/sampling-period.ts'
export type { Reason } from './data/need.ts'
export * from './data/summary.ts'
export * from './data/usable.ts'
export { lateAdmission } from './migration/late-admission.ts'
export { isMigrationUri } from './data/peer-uri.ts'
export { type Candidate, isHelpful } from './data/candidate.ts'
export * from './data/rank.ts'
export * from './data/snapshot.ts'
export * from './data/decision.ts'
export * from './data/reasons.ts'
export * from './outcome/words.ts'
export * from './outcome/subject.ts'
export * from './outcome/explanation.ts'
export * from './outcome/explain.ts'

// What a world that models gossip as a whole builds its own `Membership` from.
export type { StepContext } from './step-context.ts'
export * from './ring/announce.ts'
export * from './ring/membership.ts'
export * from './ring/order.ts'

// biome-ignore-end assist/source/organizeImports: the order is the story
