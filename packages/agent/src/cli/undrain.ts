/** `drover undrain`: this host takes VMs again. */
import type { Command } from 'commander'
import { clientOf } from './agent-client.ts'
import { type Io, printJson } from './io.ts'
import { type CommonOptions, command } from './options.ts'

export const undrainCommand = (io: Io): Command =>
  command(
    'undrain',
    'end a drain: this host takes VMs again; nothing returns by itself',
    'drover undrain',
  ).action(async (_: unknown, self: Command) => {
    const options = self.optsWithGlobals<CommonOptions>()
    const answer = await clientOf(io, options).undrain()
    if (options.json === true) printJson(io, answer)
    else io.out(`${answer.text || 'This host takes VMs again.'}\n`)
  })
