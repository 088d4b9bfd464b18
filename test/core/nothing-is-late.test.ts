// Whatever time alone makes true in a core, the core has asked to be woken for: it need not be lucky that something else happens.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { basename } from 'node:path'
import { test } from 'node:test'
import { createPeer, type Effect, type PeerInit } from '../../packages/protocol/src/index.ts'
import { playStory } from '../../packages/sim/src/story/index.ts'
import { hastyTwins } from '../kit/hasty-twin.ts'
import { storiesOf } from '../scenario/files.ts'

const storyOf = (commands: readonly string[]): string => commands.map((one) => `${one}\n----\n`).join('\n')

/** Quiet ones, in which a condition becomes true between two looks. */
const quietStories = {
  'no sample comes for longer than one counts': ['cluster hosts=3 sample=23s', 'vm a h0', 'run 2min'],
  'a demand is not measured for longer than the last one counts': [
    'cluster hosts=2',
    'vm a h0',
    'run 5300ms',
    'misread a memory=0 for=2min',
    'run 3min',
  ],
  'a migration that no action accounts for hangs, and both daemons say nothing more': [
    'cluster hosts=3 sample=10s',
    'vm a h0 memory=9000',
    'run 30s',
    'fault {"kind":"hang","atPermille":500,"deaf":true}',
    'move a h1',
    'run 11s',
    'daemon h0 hung',
    'daemon h1 hung',
    'run 10min',
  ],
  'a VM whose migrations fail rests while its host is drained': [
    'cluster hosts=2 policy.quarantineMs=33333',
    'vm a h0',
    'run 2s',
    'fault {"kind":"refuse"}',
    'fault {"kind":"refuse"}',
    'tell h0 drain',
    'run 2min',
  ],
  'a journal is lost, and no other host is there': [
    'cluster hosts=2',
    'vm a h0',
    'run 3s',
    'kill-agent h1',
    'run 10s',
    'kill-agent h0',
    'lose-journal h0',
    'restart-agent h0',
    'run 40s',
    'restart-agent h1',
    'run 40s',
  ],
}

const goldenStories = [
  'comes-in-without-end',
  'fails-twice-rests',
  'hand-over-unheard',
  'hang-outlives-its-agent',
  'migration-hangs',
  'two-overloads-compete',
]

for (const [name, commands] of Object.entries(quietStories))
  test(`nothing is late when ${name}`, async () => {
    const twins = hastyTwins()
    await playStory(storyOf(commands), name, { core: twins.core })
    assert.deepEqual(twins.found, [])
  })

for (const path of storiesOf(goldenStories))
  test(`nothing is late in ${basename(path, '.txt')}`, async () => {
    const twins = hastyTwins()
    await playStory(readFileSync(path, 'utf8'), path, { core: twins.core })
    assert.deepEqual(twins.found, [])
  })

test('a core that asks to be woken too late is found', async () => {
  const sleepy = (init: PeerInit) => {
    const peer = createPeer(init)
    const later = (effect: Effect): Effect =>
      effect.kind === 'wake' ? { ...effect, at: effect.at + 2_000 } : effect
    return { ...peer, step: (...asked: Parameters<typeof peer.step>) => peer.step(...asked).map(later) }
  }
  const twins = hastyTwins(sleepy)
  await playStory(storyOf(['cluster hosts=2', 'run 10s']), 'sleepy', { core: twins.core })
  assert.match(twins.found[0] ?? '', /is done only when asked: /)
})

test('a core that is not the same twice is found', async () => {
  let made = 0
  const odd = (init: PeerInit) => createPeer({ ...init, mode: made++ % 2 === 0 ? 'auto' : 'observe' })
  const twins = hastyTwins(odd)
  await playStory(storyOf(['cluster hosts=2', 'run 3s']), 'odd', { core: twins.core })
  assert.match(twins.found[0] ?? '', /after .*, and of its twin/)
})
