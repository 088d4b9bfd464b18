/** `drover version`. */
import type { Command } from 'commander'
import { schemaVersion } from '../api/schema-version.ts'
import { droverVersion } from '../drover-version.ts'
import { type Io, printJson } from './io.ts'
import { type CommonOptions, command } from './options.ts'

export const versionCommand = (io: Io): Command =>
  command('version', 'the version of this program', 'drover version --json').action(
    (_: unknown, self: Command) => {
      if (self.optsWithGlobals<CommonOptions>().json === true)
        printJson(io, {
          schemaVersion,
          version: droverVersion,
          node: process.versions.node,
          platform: `${process.platform}-${process.arch}`,
        })
      else io.out(`drover ${droverVersion}\n`)
    },
  )
