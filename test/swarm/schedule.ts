/**
 * What happens in one seed of the swarm: the commands of a story, with their times. The schedule is drawn before anything is
 * played, so a command can be taken away without shifting another: that is how a failure is shrunk.
 */

export interface TimedCommand {
  /** From the beginning of the story, ms. */
  readonly atMs: number
  readonly command: string
}

export interface Schedule {
  readonly seed: number
  readonly hosts: number
  /** Which kinds of fault this seed has, in alphabetical order. */
  readonly kinds: readonly string[]
  /** The first commands: the cluster, its rules, its VMs. */
  readonly setup: readonly string[]
  /** What strikes the cluster, in order of time. */
  readonly events: readonly TimedCommand[]
  /** How it ends: a core is healed, then all, then nothing changes any more. What is judged at rest keeps it whole. */
  readonly ending: readonly TimedCommand[]
  /** When the story is over, ms. */
  readonly endMs: number
  /** Is it judged as at rest then? Not where it ends in the middle. */
  readonly atRest: boolean
}

/** All commands with `run` between them, as a golden story has them. */
export const commandsOf = ({ setup, events, ending, endMs, atRest }: Schedule): readonly string[] => {
  const commands = [...setup]
  let now = 0
  const runUntil = (atMs: number): void => {
    if (atMs > now) commands.push(`run ${atMs - now}ms`)
    now = Math.max(now, atMs)
  }
  for (const { atMs, command } of [...events, ...ending]) {
    runUntil(atMs)
    commands.push(command)
  }
  runUntil(endMs)
  commands.push(atRest ? 'check' : 'check so-far')
  return commands
}

/** In order of time; those of one moment stay in the order in which they were drawn. */
export const byTime = (commands: readonly TimedCommand[]): readonly TimedCommand[] =>
  commands.toSorted((a, b) => a.atMs - b.atMs)
