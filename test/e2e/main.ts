/** `npm run e2e:faults`: real agents as processes, struck by the faults of a seed. See README.md beside this file. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { endWithReader } from '../../packages/agent/src/cli/closed-pipe.ts'
import { missing, runInside } from './enclosure.ts'
import { kinds } from './faults/schedule.ts'
import { parseOptions } from './options.ts'

const wrong = (text: string): number => {
  process.stderr.write(`e2e:faults: ${text}\n`)
  return 2
}

const main = async (): Promise<number> => {
  const parsed = parseOptions(
    process.argv.slice(2),
    kinds.map(({ name }) => name),
  )
  if (parsed.kind === 'help') {
    process.stdout.write(parsed.text)
    return 0
  }
  if (parsed.kind === 'wrong') return wrong(parsed.text)
  const lacks = missing()
  if (lacks.length > 0) return wrong(`this machine lacks\n  ${lacks.join('\n  ')}`)
  const directory = mkdtempSync(join(tmpdir(), 'drover-e2e-'))
  const code = await runInside(join(import.meta.dirname, 'inside.ts'), [
    directory,
    JSON.stringify(parsed.options),
  ])
  if (code === 0) rmSync(directory, { recursive: true })
  else process.stderr.write(`kept: ${directory} (run.log, summary.json, h1.log …)\n`)
  return code
}

endWithReader()
process.exitCode = await main()
