/**
 * Sows one fault into the code as it is loaded: no file is changed. For `--import`, with `DROVER_SOWN=ID` in the environment,
 * which child processes inherit. A process that never loads the code in which the fault belongs fails, because it would
 * call the sound code sick, or the sick code sound; `DROVER_SOWN_LOG` names a file in which each process writes which it was.
 * `DROVER_SOWN_EXIT=own`: the log is judged instead, and a process ends with the exit code that it would have.
 */
import { appendFileSync } from 'node:fs'
import { registerHooks } from 'node:module'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { isMainThread } from 'node:worker_threads'
import { faultOf } from './all-faults.ts'
import { sowAll } from './pattern.ts'
import { silentExitCode } from './sown-env.ts'
import { type Edit, editsOf, type Fault } from './sown-fault.ts'

const packages = join(import.meta.dirname, '../../packages')

const editsByUrl = (fault: Fault): ReadonlyMap<string, readonly Edit[]> => {
  const all = new Map<string, Edit[]>()
  for (const edit of editsOf(fault)) {
    const url = pathToFileURL(join(packages, edit.file)).href
    all.set(url, [...(all.get(url) ?? []), edit])
  }
  return all
}

/** Workers load a part of the code only: a main thread has to load all that is to be changed. */
const judgeAtExit = (fault: Fault, missing: ReadonlySet<string>): void => {
  process.on('exit', () => {
    const log = process.env['DROVER_SOWN_LOG']
    if (log !== undefined) appendFileSync(log, missing.size === 0 ? 'sown\n' : `silent ${process.argv[1]}\n`)
    if (missing.size === 0 || process.env['DROVER_SOWN_EXIT'] === 'own') return
    process.exitCode = silentExitCode
    process.stderr.write(
      `the fault ${fault.id} was to be sown here, and ${[...missing].join(', ')} was not loaded\n`,
    )
  })
}

const begin = (fault: Fault): void => {
  const edits = editsByUrl(fault)
  const missing = new Set(edits.keys())
  registerHooks({
    load(url, context, nextLoad) {
      const loaded = nextLoad(url, context)
      const wanted = edits.get(url.replace(/\?.*$/, ''))
      if (wanted === undefined) return loaded
      missing.delete(url.replace(/\?.*$/, ''))
      const { source } = loaded
      const text = typeof source === 'string' ? source : new TextDecoder().decode(source)
      return { ...loaded, source: sowAll(wanted, text) }
    },
  })
  if (isMainThread) judgeAtExit(fault, missing)
}

const wanted = process.env['DROVER_SOWN']
if (wanted !== undefined) begin(await faultOf(wanted))
