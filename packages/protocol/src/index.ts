/**
 * The deterministic core of drover: one state machine per host, no I/O, no clock.
 *
 * ```ts
 * const peer = createPeer(init)
 * for await (const input of inputs)
 *   for (const effect of peer.step(clock.now(), input)) await carryOut(effect)
 * ```
 */
export * from './codec.ts'
export * from './config.ts'
export * from './ids.ts'
export * from './io.ts'
export * from './message.ts'
export * from './outcome/decision.ts'
export * from './outcome/explain.ts'
export * from './outcome/explanation.ts'
export * from './outcome/reason.ts'
export * from './outcome/subject.ts'
export * from './outcome/words.ts'
export * from './partition/rank.ts'
export * from './peer.ts'
export * from './plan/checker.ts'
export * from './plan/plan.ts'
export * from './plan/planner.ts'
export * from './resources.ts'
export * from './ring/summary.ts'
export * from './snapshot/snapshot.ts'
export * from './solve/answer.ts'
export type { DocumentRead } from './solve/document/document.ts'
export * from './solve/document/read.ts'
export * from './solve/document/report.ts'
export * from './solve/migration-time.ts'
export type { Objective } from './solve/model.ts'
export * from './solve/problem.ts'
export * from './solve/rules/rule.ts'
export * from './solve/solver.ts'
export * from './view.ts'
