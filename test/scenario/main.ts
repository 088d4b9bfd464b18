/**
 * `npm run scenario` plays the golden stories and says which of them have another output than their file;
 * `npm run scenario -- --rewrite` writes the output that they have now, to be reviewed like code. Further words keep only
 * the stories whose file name contains one of them.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { endWithReader } from '../../packages/agent/src/cli/closed-pipe.ts'
import { playStory } from '../../packages/sim/src/story/index.ts'
import { storiesOf } from './files.ts'

endWithReader()

const rewrite = process.argv.includes('--rewrite')
const words = process.argv.slice(2).filter((word) => !word.startsWith('-'))
const unknown = process.argv.slice(2).find((word) => word.startsWith('-') && word !== '--rewrite')
if (unknown !== undefined) {
  console.error(`unknown option ${unknown}; usage: npm run scenario -- [--rewrite] [word …]`)
  process.exit(2)
}
const stories = storiesOf(words)
if (stories.length === 0) {
  console.error(`no story's name contains ${words.join(' or ')}`)
  process.exit(2)
}
let differ = 0
for (const path of stories) {
  const before = readFileSync(path, 'utf8')
  const after = await playStory(before, basename(path))
  const name = join('test/scenario', basename(path))
  if (after === before) {
    console.log(`as before  ${name}`)
    continue
  }
  differ += 1
  if (rewrite) writeFileSync(path, after)
  console.log(`${rewrite ? 'rewritten' : 'DIFFERS  '}  ${name}`)
}
if (differ > 0 && !rewrite) {
  console.log('Look at the difference with: npm run scenario -- --rewrite && git diff test/scenario')
  process.exitCode = 1
}
