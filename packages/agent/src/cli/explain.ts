/** `drover explain`: why, and why not. */
import type { Command } from 'commander'
import { clientOf } from './agent-client.ts'
import { type Io, painter, printJson } from './io.ts'
import { type CommonOptions, command } from './options.ts'
import { renderExplanation } from './render-explain.ts'

const kinds = ['vm', 'host', 'decision'] as const
type Kind = (typeof kinds)[number]
const isKind = (text: string | undefined): text is Kind => kinds.some((kind) => kind === text)

export const explainCommand = (io: Io): Command =>
  command(
    'explain',
    'why a VM, a host or a decision is as it is: one line per host, with reason code and number',
    'drover explain                 # this host',
    'drover explain web1            # finds out what it is',
    'drover explain host rack7-03',
    'drover explain decision x1YzAb3d.12.7',
  )
    .argument(
      '[what...]',
      '`vm`, `host` or `decision` (may be left out), then a name, an id, or an unambiguous part of an id',
    )
    .action(async (what: readonly string[], _: unknown, self: Command) => {
      const options = self.optsWithGlobals<CommonOptions>()
      const [first, second] = what
      if (what.length > 2) self.error(`error: too many arguments: ${what.join(' ')}`)
      if (second !== undefined && !isKind(first))
        self.error(`error: expected vm, host or decision before "${second}", got "${first ?? ''}"`)
      const kind = isKind(first) && (second !== undefined || first === 'host') ? first : null
      const about = second ?? (kind === null ? (first ?? null) : null)
      const answer = await clientOf(io, options).explain(about, kind)
      if (options.json === true) printJson(io, answer)
      else io.out(renderExplanation(answer.explanation, painter(io)))
    })
