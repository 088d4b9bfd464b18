/** Runs one search of a model: Spin makes a C program of it, gcc compiles that, and it visits every state. */
import { execFile, spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** What a search found. */
export interface Found {
  /** `clean`: every state was visited, and none is wrong. `error`: a wrong one, `text` says which. `incomplete`: neither. */
  readonly kind: 'clean' | 'error' | 'incomplete'
  readonly text: string
  readonly states: number
  readonly depth: number
  /** Of spin, gcc and the search together, s. */
  readonly cpuS: number
  /** All that the search printed. */
  readonly output: string
}

export interface Job {
  readonly model: string
  /** `-D` of the model: names with values, or alone. */
  readonly defines: readonly string[]
  readonly cycles: boolean
  /** More files for its folder. */
  readonly files?: Readonly<Record<string, string>>
}

/** Memory of one search, MiB, and its greatest depth: beyond either it is incomplete, and fails. */
const memoryMiB = 1_500
const depthMax = 1_000_000

/** Why nothing can be run, or null. */
export const missingTools = (): string | null => {
  const missing = [
    ['spin', '-V'],
    ['gcc', '--version'],
  ].filter(([tool = '', option = '']) => spawnSync(tool, [option]).error !== undefined)
  if (missing.length === 0) return null
  return `${missing.map(([tool]) => tool).join(' and ')} not found; on Debian: sudo bash test/model/install.sh`
}

/** One folder for all jobs of a run; it goes with this process. */
export const createFolder = (): string => {
  const folder = mkdtempSync(join(tmpdir(), 'drover-model-'))
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }))
  return folder
}

interface Ran {
  readonly output: string
  readonly cpuS: number
}

/** By a shell, whose `times` says how much CPU time it took. */
const run = (command: string, cwd: string): Promise<Ran> =>
  new Promise((resolve) => {
    execFile('sh', ['-c', `{ ${command}\n} 2>&1; times`], { cwd, maxBuffer: 2 ** 26 }, (error, stdout) => {
      const lines = stdout.trimEnd().split('\n')
      const [user = 0, system = 0] = [...(lines.pop() ?? '').matchAll(/(\d+)m([\d.]+)s/g)].map(
        ([, minutes, seconds]) => Number(minutes) * 60 + Number(seconds),
      )
      lines.pop()
      const killed = error === null ? '' : `\nit ended with ${error.signal ?? error.code}`
      resolve({ output: lines.join('\n') + killed, cpuS: user + system })
    })
  })

const judge = (output: string, cpuS: number): Found => {
  const number = (pattern: RegExp): number => Number(pattern.exec(output)?.[1] ?? 0)
  const states = number(/^ *([\d.e+]+) states, stored/m)
  const depth = number(/depth reached (\d+)/)
  const about = { states, depth, cpuS, output }
  const error = /^pan:\d+: (.*?)(?: \(at depth \d+\))?$/m.exec(output)?.[1]
  if (error !== undefined && !/max search depth|out of memory/.test(error))
    return { kind: 'error', text: error, ...about }
  const complete =
    /errors: 0\b/.test(output) &&
    !/max search depth too small|out of memory|not completed|truncated/i.test(output)
  if (complete && states > 0) return { kind: 'clean', text: '', ...about }
  return { kind: 'incomplete', text: output.trim().split('\n').slice(-3).join(' '), ...about }
}

let jobs = 0

/** Never throws because of what a model is like: that is `incomplete`. */
export const search = async (folder: string, { model, defines, cycles, files = {} }: Job): Promise<Found> => {
  const cwd = join(folder, String(++jobs))
  mkdirSync(cwd)
  for (const file of [`${model}.pml`, 'trace.pml']) cpSync(join(import.meta.dirname, file), join(cwd, file))
  for (const [name, text] of Object.entries(files)) writeFileSync(join(cwd, name), text)
  const given = defines.map((one) => `-D${one}`).join(' ')
  const kind = cycles ? '-DNP' : '-DSAFETY'
  const how = cycles ? '-l' : ''
  const { output, cpuS } = await run(
    [
      `spin -a ${given} ${model}.pml || exit 1`,
      `gcc -O -w ${kind} -DMEMLIM=${memoryMiB} -DCOLLAPSE -o pan pan.c || exit 1`,
      `./pan -n -b -E -m${depthMax} -w20 ${how}`,
    ].join('\n'),
    cwd,
  )
  rmSync(cwd, { recursive: true, force: true })
  return judge(output, cpuS)
}
