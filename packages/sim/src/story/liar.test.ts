// A liar tells a member of another problem than its plan was made for, and speaks for leaders that it is not: neither is believed.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createStoryPlayer } from './golden-story.ts'

const played = async (...commands: readonly string[]) => {
  const player = createStoryPlayer({ effect() {}, event() {} })
  for (const command of commands) await player.act(command)
  const { cluster } = player
  assert.ok(cluster !== null)
  return cluster
}

/** `b` has room on h1 only when `c` has left it for h2: what h1 does in a plan of h0. */
const chain = [
  'cluster hosts=3 seed=1',
  'vm a h0 cpu=2000',
  'vm b h0 cpu=4000',
  'vm c h1 cpu=3000',
  'vm d h1 cpu=3500',
  'vm e h2 cpu=4900',
  'run 5s',
]
const noRoom = [0, 1, 2].map((i) => `problem.hosts.${i}.limit.0=1`).join(' ')
const hostOf = (cluster: Awaited<ReturnType<typeof played>>, name: string): string | undefined =>
  cluster.world.vms().find((vm) => vm.name === name)?.copies[0]?.host

test('a member carries out a plan only if it is sound in the problem that it was told', async () => {
  const sound = await played(...chain, 'cpu a 4500', 'run 40s')
  assert.notEqual(hostOf(sound, 'c'), 'h1')
  sound.close()
  const lied = await played(...chain, `liar h0 assign ${noRoom} nothing.there=1`, 'cpu a 4500', 'run 40s')
  assert.equal(hostOf(lied, 'c'), 'h1')
  assert.ok(lied.view(1).warnings.some(({ code }) => code === 'plan.unsound'))
  assert.deepEqual(lied.checker.violations(), [])
  lied.close()
})

test('a release by another host than the leader ends no lease', async () => {
  const cluster = await played(...chain, 'liar h2 usurps h1', 'cpu a 4500', 'run 40s')
  const [leader, , usurper] = cluster.ids
  const forged = cluster.messages.filter(
    ({ from, message }) =>
      from === usurper && message.kind === 'release' && message.partition.startsWith(leader!),
  )
  assert.ok(forged.length > 0)
  assert.deepEqual(cluster.checker.violations(), [])
  cluster.close()
})
