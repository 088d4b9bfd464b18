// A process that dies over a seed has broken a promise of the program; what says nothing of the tested code is no outcome.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createSeedPlayer } from './seed-player.ts'

/** Every process ends at its beginning, with that code and that last word. */
const dying = (code: number, word: string) => ({
  ...process.env,
  NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(`console.error('${word}');process.exit(${code})`)}`,
})
const options = { drawn: { kinds: ['steps'] }, twice: false, untilBroken: false } as const

test('a seed over which its process dies is a failure of that seed, and the next seed has a process of its own', async () => {
  const player = createSeedPlayer({ ...options, env: dying(7, 'out-of-luck') })
  for (const seed of [1, 2]) {
    const { violations, seed: played } = await player.play(seed)
    assert.equal(played, seed)
    assert.deepEqual(
      violations.map(({ invariant }) => invariant),
      ['error'],
    )
    assert.match(violations[0]?.text ?? '', /^the process ended with exit code 7: out-of-luck/)
  }
  player.close()
})

test('an end that says nothing of the tested code is thrown', async () => {
  const player = createSeedPlayer({ ...options, env: dying(86, 'unsown'), isFatal: (_, code) => code === 86 })
  await assert.rejects(player.play(1), /exit code 86: unsown/)
  player.close()
})
