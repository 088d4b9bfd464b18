/**
 * Stories about agents, in virtual time: the product's own agents on simulated hypervisors and a network that can fail
 * in every way that a story asks for. Ten minutes of a small cluster take about a second.
 *
 * ```ts
 * import assert from 'node:assert/strict'
 * import { virtualCluster } from '@drover/sim/story'
 *
 * const cluster = await virtualCluster({ hosts: 3 })
 * for (let i = 0; i < 7; i++) cluster.vm(`vm-${i}`, 0, 1_000)
 * const vm = cluster.vm('busy', 0, 500)
 * await cluster.run(3_000)
 * cluster.world.setCpu(vm, 2_500)
 * assert.ok(await cluster.until(() => cluster.world.migrations().length > 0, 10_000))
 * // Its agent dies while the VM is on its way; the hypervisors go on without it.
 * cluster.killAgent(0)
 * cluster.restartAgent(0)
 * await cluster.run(60_000)
 * assert.deepEqual(cluster.checker.checkAtRest(), [])
 * console.log(cluster.world.vms().filter(({ copies }) => copies[0]?.host !== 'h0').length, 'VM has moved')
 * ```
 */
export * from './cluster-api.ts'
export type { CrashPoint } from './crash-point.ts'
export { createStoryPlayer, playStory, type StoryListener, type StoryPlayer } from './golden-story.ts'
export type { Led, Order } from './story-leader.ts'
export { parseStory, printStory, type StoryPart } from './story-text.ts'
export * from './virtual-cluster.ts'
