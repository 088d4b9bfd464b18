/** Writes a failure down as a golden story: what a seed did, made small, with the output that it has now. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseStory, playStory, printStory } from '../../packages/sim/src/story/index.ts'
import type { Outcome } from './play.ts'
import { commandsOf, type Schedule } from './schedule.ts'

const textOf = (schedule: Schedule, { seed, violations }: Outcome): string => {
  const comments = [
    `# Seed ${seed} of the swarm, made small. Broken promises:`,
    ...violations
      .slice(0, 5)
      .map(({ invariant, text }) => `# ${invariant} ${(text.split('\n')[0] ?? '').slice(0, 200)}`),
  ]
  const blocks = commandsOf(schedule).map((command) => `${command}\n----\n`)
  return `${comments.join('\n')}\n\n${blocks.join('\n')}`
}

/** Where the story was written; without output when it cannot be played to its end. */
export const writeFailure = async (schedule: Schedule, outcome: Outcome, folder: string): Promise<string> => {
  const [first] = outcome.violations
  const path = join(folder, `${first?.invariant ?? 'none'}-seed-${outcome.seed}.txt`)
  mkdirSync(folder, { recursive: true })
  const text = textOf(schedule, outcome)
  writeFileSync(path, printStory(parseStory(text)))
  const played = await playStory(text, path).catch(() => null)
  if (played !== null) writeFileSync(path, played)
  return path
}
