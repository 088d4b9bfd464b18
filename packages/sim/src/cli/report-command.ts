/** `drover sim report`: what a directory of results holds, as one page for a browser. */
import { join } from 'node:path'
import { command, type Io, printJson } from '@drover/agent/cli'
import type { Command } from 'commander'
import { readResults, writeWhole } from '../experiment/files.ts'
import { renderReport } from '../report/report.ts'
import { asUsage } from './failure.ts'

export const reportCommand = (io: Io): Command =>
  command(
    'report',
    'one self-contained HTML page of the results in a directory',
    'drover sim report results',
    'drover sim report results --scaling scaling -o report.html',
  )
    .argument('<dir>', 'what --out named')
    .option('-o, --output <file>', 'default report.html in that directory')
    .option('--scaling <dir>', 'results of drover sim scale, to be drawn on the same page')
    .action(async (directory: string, _: unknown, self: Command) => {
      const { output, scaling, json } = self.optsWithGlobals<{
        readonly output?: string
        readonly scaling?: string
        readonly json?: boolean
      }>()
      const file = output ?? join(directory, 'report.html')
      await asUsage(() => {
        const studied = scaling === undefined ? {} : { scaling: readResults(scaling).runs }
        writeWhole(file, renderReport({ ...readResults(directory), ...studied }))
      })
      if (json === true) printJson(io, { schemaVersion: 1, report: file })
      else io.out(`${file}\n`)
    })
