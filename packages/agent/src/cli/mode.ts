/** `drover mode`: may this host's agent move VMs? */

import type { Mode } from '@drover/protocol'
import { Argument, type Command } from 'commander'
import { schemaVersion } from '../api/schema-version.ts'
import { clientOf } from './agent-client.ts'
import { type Io, printJson } from './io.ts'
import { type CommonOptions, command } from './options.ts'

export const modeCommand = (io: Io): Command =>
  command(
    'mode',
    'show or set whether this host only observes or acts; kept over a restart',
    'drover mode',
    'drover mode auto',
  )
    .addArgument(new Argument('[mode]', 'what it is to be').choices(['observe', 'auto']))
    .action(async (mode: Mode | undefined, _: unknown, self: Command) => {
      const options = self.optsWithGlobals<CommonOptions>()
      const client = clientOf(io, options)
      if (mode === undefined) {
        const now = (await client.status()).view.mode
        if (options.json === true) printJson(io, { schemaVersion, mode: now })
        else io.out(`${now}\n`)
        return
      }
      const answer = await client.mode(mode)
      if (options.json === true) printJson(io, answer)
      else io.out(`${answer.text || `mode is ${answer.mode}`}\n`)
    })
