/** `drover drain`: every VM that can leaves this host. Blockers are listed before anything moves. */
import { durationText, reasonText } from '@drover/protocol'
import { type Command, Option } from 'commander'
import { ApiError } from '../api/api-error.ts'
import type { ApiClient, DrainAnswer } from '../api/client.ts'
import type { Blocker } from '../api/error-answer.ts'
import { clientOf } from './agent-client.ts'
import { CliFailure, exitCode } from './exit.ts'
import { type Io, printJson, sleep } from './io.ts'
import { type CommonOptions, command, parseDurationMs } from './options.ts'
import { table } from './table.ts'
import { shortVm } from './words.ts'

interface DrainOptions extends CommonOptions {
  readonly dryRun?: boolean
  readonly onBlocker: 'abort' | 'skip'
  readonly detach?: boolean
  readonly deadline?: number
}

const blockerLines = (blockers: readonly Blocker[]): string =>
  table(
    blockers.map(({ vm, name, code }) => [name, shortVm(vm), code, reasonText(code)]),
    '  ',
  )

const plural = (count: number): string => `${count} VM${count === 1 ? '' : 's'}`

const render = ({ leaving, blockers, draining }: DrainAnswer): string =>
  [
    blockers.length === 0
      ? 'No VM is in the way.\n'
      : `${plural(blockers.length)} cannot leave:\n${blockerLines(blockers)}`,
    leaving.length === 0
      ? 'No VM has to leave.\n'
      : `${plural(leaving.length)} ${draining ? 'leave' : 'would leave'}: ${leaving.map(({ name }) => name).join(', ')}\n`,
  ].join('')

/** What is still to go: movable VMs, and migrations that have not ended. */
const remaining = async (client: ApiClient) => {
  const { view } = await client.status()
  const movable = view.vms.filter((vm) => vm.fixed === null)
  const moving = view.migrations.filter((motion) => motion.direction === 'out')
  return { draining: view.draining, movable, moving, blocked: view.vms.length - movable.length }
}

/** Returns when nothing movable is left: how many VMs stayed. Ctrl-C and the deadline end the waiting, never the drain. */
const awaitEmpty = async (io: Io, client: ApiClient, deadlineMs: number | null): Promise<number> => {
  const until = deadlineMs === null ? null : performance.now() + deadlineMs
  let interrupted = false
  let wake = (): void => {}
  const stopListening = io.onInterrupt(() => {
    interrupted = true
    wake()
  })
  let told = ''
  try {
    for (;;) {
      const left = await remaining(client)
      if (!left.draining)
        throw new CliFailure(
          exitCode.failed,
          'drain.cancelled',
          'the drain was cancelled by `drover undrain`',
        )
      if (left.movable.length === 0 && left.moving.length === 0) return left.blocked
      const line = `${plural(left.movable.length)} left, ${left.moving.length} moving${left.blocked === 0 ? '' : `, ${left.blocked} cannot leave`}\n`
      if (line !== told) io.err(line)
      told = line
      if (until !== null && performance.now() >= until)
        throw new CliFailure(
          exitCode.timeout,
          'drain.deadline',
          `not empty after ${durationText(deadlineMs ?? 0)}: ${left.movable.map(({ name }) => name).join(', ')} left; the drain goes on (\`drover undrain\` ends it)`,
        )
      await Promise.race([sleep(io.pollMs), new Promise<void>((resolve) => (wake = resolve))])
      if (interrupted)
        throw new CliFailure(
          exitCode.interrupted,
          'interrupted',
          'no longer waiting; the drain goes on (`drover status` shows it, `drover undrain` ends it)',
        )
    }
  } finally {
    stopListening()
  }
}

const ownHostOnly = async (client: ApiClient, host: string): Promise<void> => {
  const { view } = await client.status()
  if (host === view.host || host === view.description?.name) return
  throw new CliFailure(
    exitCode.usage,
    'host.other',
    `this is ${view.description?.name ?? view.host}; run \`drover drain\` on ${host} itself`,
  )
}

export const drainCommand = (io: Io): Command =>
  command(
    'drain',
    'empty this host: all VMs that can leave do, and none come',
    'drover drain --dry-run',
    'drover drain --on-blocker skip --deadline 30m',
  )
    .argument('[host]', 'this host; another is drained by its own agent')
    .option('--dry-run', 'only list what would leave and what is in the way')
    .addOption(
      new Option('--on-blocker <what>', 'when some VM cannot leave: do nothing, or leave it here')
        .choices(['abort', 'skip'])
        .default('abort'),
    )
    .option('--detach', 'do not wait until the host is empty')
    .option('--deadline <time>', 'longest wait (exit code 6); the drain goes on', parseDurationMs)
    .action(async (host: string | undefined, _: unknown, self: Command) => {
      const options = self.optsWithGlobals<DrainOptions>()
      const client = clientOf(io, options)
      if (host !== undefined) await ownHostOnly(client, host)
      const answer = await client
        .drain({ onBlocker: options.onBlocker, dryRun: options.dryRun === true })
        .catch((error: unknown) => {
          if (error instanceof ApiError && error.answer?.blockers !== undefined)
            throw new CliFailure(
              exitCode.refused,
              error.code,
              `${error.code}: ${error.message}\n${blockerLines(error.answer.blockers)}\`--on-blocker skip\` drains the others`,
              { blockers: error.answer.blockers },
            )
          throw error
        })
      if (options.json !== true) io.out(render(answer))
      if (answer.draining && options.detach !== true) {
        const stayed = await awaitEmpty(io, client, options.deadline ?? null)
        if (options.json !== true)
          io.out(
            stayed === 0
              ? 'This host is empty.\n'
              : `All that can leave has left; ${plural(stayed)} stayed.\n`,
          )
      }
      if (options.json === true) printJson(io, answer)
    })
