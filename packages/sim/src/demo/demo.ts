/** `npm start`: watch drover agents keep a cluster in balance while things break. */
import { wordsOf } from '@drover/agent/runtime'
import { parseOptions } from './demo-options.ts'
import { passed, summaryOf, tableOf } from './demo-summary.ts'
import { showOn } from './show.ts'
import { tellStory } from './story.ts'

/** The whole run, from the first line to the exit, stays below this, ms (the promise is 90 s). */
const totalMsMax = 82_000

const main = async (): Promise<number> => {
  const parsed = parseOptions(process.argv.slice(2))
  switch (parsed.kind) {
    case 'help':
      process.stdout.write(parsed.text)
      return 0
    case 'wrong':
      process.stderr.write(`${parsed.text}\n`)
      return 2
    case 'run':
      break
    default:
      return parsed satisfies never
  }
  const { options } = parsed
  const show = showOn(options)
  let interrupted = false
  const interrupt = (): void => {
    show.end()
    // Once to end in order, twice to end now.
    if (interrupted) process.exit(130)
    interrupted = true
  }
  process.on('SIGINT', interrupt).on('SIGTERM', interrupt)
  try {
    const told = await tellStory({
      options,
      tell: show.tell,
      begin: show.begin,
      joining: show.joining,
      endBy: totalMsMax - 8_000,
      stopped: () => interrupted,
    })
    show.end()
    const summary = summaryOf(told)
    const people = options.json ? process.stderr : process.stdout
    people.write(`${tableOf(summary, told, show.paint).join('\n')}\n`)
    await told.cluster.stop()
    if (options.json) process.stdout.write(`${JSON.stringify(summary)}\n`)
    return interrupted ? 130 : passed(summary) ? 0 : 1
  } catch (error) {
    show.end()
    process.stderr.write(`${wordsOf(error)}\n`)
    return 1
  }
}

process.exitCode = await main()
