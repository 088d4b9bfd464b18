/**
 * Golden stories: commands in, every decision, message and effect out, as text. A change of what a cluster does shows
 * here, line by line, before the review.
 */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { basename } from 'node:path'
import { test } from 'node:test'
import { parseStory, playStory, printStory } from '../packages/sim/src/story/index.ts'
import { storiesOf } from './scenario/files.ts'

test('a story is read and printed as it was written', () => {
  const text =
    '# A story.\n\nrun 3s\n----\n   0.100 h0 warn x\n   0.200 h1 warn y\n\n# Then.\n\ncheck\n----\n'
  assert.equal(printStory(parseStory(text)), text)
  assert.deepEqual(
    parseStory(text).map((part) => (part.kind === 'command' ? part.line : part.text)),
    ['# A story.', 3, '# Then.', 10],
  )
})

test('a story whose output differs from what the cluster does is reported', async () => {
  const story = 'cluster hosts=2\n----\n\nvm a h0\n----\n\nrun 1s\n----\n\ncheck\n----\n'
  const played = await playStory(story, 'a')
  assert.notEqual(played, story)
  assert.equal(await playStory(played, 'a'), played, 'the same story has the same output, every time')
})

test('a command that does not exist is named with its line', async () => {
  await assert.rejects(
    playStory('cluster hosts=2\n----\n\nrnu 1s\n----\n', 'a.txt'),
    /a\.txt:4: rnu 1s: no such command/,
  )
  await assert.rejects(playStory('run 1s\n----\n', 'a.txt'), /begins with 'cluster/)
  await assert.rejects(playStory('cluster hosts=2\n----\n\nrun 1\n----\n', 'a.txt'), /not a duration/)
})

for (const path of storiesOf([]))
  test(`golden story ${basename(path, '.txt')}`, async () => {
    const text = readFileSync(path, 'utf8')
    assert.ok(text.startsWith('# '), 'a story begins with a comment that says what it shows')
    assert.equal(
      await playStory(text, basename(path)),
      text,
      'the output has changed: npm run scenario -- --rewrite, then review the difference',
    )
  })
