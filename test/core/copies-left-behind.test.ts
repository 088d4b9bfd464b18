/**
 * A VM moves again and again, and each time its migration may end so that a copy is left behind, paused, or that no host is told how it
 * ended. Agents die, lose their journals, find them cut short, stand still and hear nothing of each other, at all moments. Whatever
 * happens: the VM never runs twice, is never lost, and once all is healed and an operator has done what the alarms ask for, nothing
 * is left open. Each story is drawn from a seed; one that breaks a promise is printed as commands of a golden story.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isLong, runs } from '../../packages/placement/src/testing/effort.ts'
import { type Random, randomOf } from '../../packages/sim/src/random.ts'
import { createStoryPlayer } from '../../packages/sim/src/story/index.ts'

const hosts = ['h0', 'h1', 'h2'] as const

/** How a migration ends, other than well; '' = well. */
const ends = [
  '',
  '',
  'fault {"kind":"fail-after-success"}',
  'fault {"kind":"timeout","afterMs":1500}',
  'fault {"kind":"grey","destination":"paused"}',
  'fault {"kind":"grey","destination":"paused"}',
  'fault {"kind":"grey","destination":"paused"}',
  'fault {"kind":"grey","destination":"gone"}',
  'fault {"kind":"late","delayMs":20000,"call":"resume"}',
  'fault {"kind":"late","delayMs":15000}',
] as const

/** What strikes between two moments of a move. `dead`: hosts without an agent. */
const strike = (draw: Random, dead: Set<string>): readonly string[] => {
  const host = draw.pick(hosts)
  /** On a host without an agent; else its agent dies, and begins again at once. */
  const toJournal = (deed: string): readonly string[] =>
    dead.has(host) ? [deed] : [`kill-agent ${host}`, deed, `restart-agent ${host}`]
  switch (draw.integer(0, 9)) {
    case 0:
    case 1:
      dead.add(host)
      return [`kill-agent ${host}`]
    case 2:
      return dead.delete(host) ? [`restart-agent ${host}`] : []
    case 3:
      return toJournal(`lose-journal ${host}`)
    case 4:
    case 5:
      return toJournal(`tear-journal ${host} ${draw.integer(2, 8)}`)
    case 6: {
      const [one, other] = draw.shuffle([...hosts])
      return [`clog ${one} ${other} ${draw.pick([3, 10, 30, 60])}s`]
    }
    case 7:
      return [`daemon ${host} hung`, `run ${draw.pick([1, 5, 15])}s`, `daemon ${host} up`]
    case 8:
      return [`freeze ${host} ${draw.pick([2, 10, 40])}s`]
    default:
      return [draw.chance(0.5) ? 'pause v' : 'resume v']
  }
}

const storyOf = (seed: number): readonly string[] => {
  const draw = randomOf(seed, 'copies left behind')
  const dead = new Set<string>()
  const maybe = (share: number): readonly string[] => (draw.chance(share) ? strike(draw, dead) : [])
  const move = (): readonly string[] => [
    ...[draw.pick(ends)].filter((end) => end !== ''),
    // Only where it is does the order mean anything.
    ...hosts.flatMap((host) => (dead.has(host) ? [] : [`tell ${host} migrate v ${draw.pick(hosts)}`])),
    `run ${draw.pick([5, 100, 1_000, 4_000])}ms`,
    ...maybe(0.5),
    `run ${draw.pick([200, 4_500, 8_300, 9_000])}ms`,
    ...maybe(0.5),
    `run ${draw.pick([100, 3_000, 15_000, 40_000, 70_000])}ms`,
    ...maybe(0.4),
  ]
  return [
    `cluster hosts=3 seed=${seed} policy.cooldownMs=0`,
    `vm v h0${draw.chance(0.2) ? ' locked=true' : ''}`,
    'run 3s',
    ...Array.from({ length: draw.integer(2, 4) }, move).flat(),
    `heal-core ${hosts.join(' ')}`,
    'run 60s',
    'operate',
    'run 60s',
    'operate',
    'until settled within=300s',
    'operate',
    'run 20s',
  ]
}

const brokenBy = async (commands: readonly string[]): Promise<readonly string[]> => {
  const player = createStoryPlayer({ effect: () => {}, event: () => {} })
  for (const command of commands) await player.act(command)
  const { cluster } = player
  assert.ok(cluster !== null)
  const found = [...cluster.checker.checkAtRest(), ...(cluster.liveness()?.violations() ?? [])]
  cluster.close()
  return [...new Set(found.map(({ invariant, text }) => `${invariant} ${text}`))]
}

/** The same in each run, since a new one that fails would be no fault of the change at hand; `DROVER_RUNS=9000` in the long suite tries 900. */
const seeds = isLong ? Math.max(150, runs / 10) : 12

test('whatever copies are left behind, a VM runs at most once, and nothing is left open', async () => {
  for (let seed = 1; seed <= seeds; seed++) {
    const commands = storyOf(seed)
    const broken = await brokenBy(commands)
    assert.deepEqual(broken, [], `seed ${seed}:\n${commands.map((one) => `${one}\n----\n`).join('\n')}`)
  }
})
