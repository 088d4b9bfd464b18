/** `npm run swarm:replay -- FILE`: plays a story that the swarm wrote down, and says which promises it breaks. */
import { endWithReader } from '../../packages/agent/src/cli/closed-pipe.ts'
import { readGivenText, wordsOf } from '../../packages/agent/src/runtime.ts'
import { parseStory, playStory } from '../../packages/sim/src/story/index.ts'

const usage = 'usage: npm run swarm:replay -- FILE [--output]   (--output prints all that happens)'

const main = async (): Promise<number> => {
  const args = process.argv.slice(2)
  const [file] = args.filter((word) => !word.startsWith('-'))
  const unknown = args.find((word) => word.startsWith('-') && word !== '--output' && word !== '--help')
  if (args.includes('--help')) {
    console.log(usage)
    return 0
  }
  if (file === undefined || unknown !== undefined) {
    console.error(unknown === undefined ? usage : `unknown option ${unknown}\n${usage}`)
    return 2
  }
  try {
    const played = await playStory(readGivenText(file), file)
    if (args.includes('--output')) console.log(played)
    const last = parseStory(played).findLast((part) => part.kind === 'command' && /^check\b/.test(part.words))
    if (last?.kind !== 'command') {
      console.error(`${file}: it does not end with 'check'`)
      return 2
    }
    console.log(last.output)
    return last.output === 'every promise is kept' ? 0 : 1
  } catch (error) {
    console.error(wordsOf(error))
    return 2
  }
}

endWithReader()
process.exitCode = await main()
