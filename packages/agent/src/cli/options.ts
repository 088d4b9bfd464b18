/** Options that several commands share, and how their texts are read. */

import { Command, InvalidArgumentError } from 'commander'
import { decimalOf } from '../given/decimal.ts'

export interface CommonOptions {
  readonly socket?: string
  readonly json?: boolean
}

/** A command with `--json`, and an example below its help. */
export const command = (name: string, description: string, ...examples: readonly string[]): Command =>
  new Command(name)
    .description(description)
    .option('--json', 'print one JSON object (with schemaVersion) instead of text')
    .addHelpText(
      'after',
      `\nExample${examples.length === 1 ? '' : 's'}:\n${examples.map((line) => `  ${line}\n`).join('')}`,
    )

const unitsMs: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1_000,
  m: 60_000,
  min: 60_000,
  h: 3_600_000,
  d: 86_400_000,
}

const durationMsMax = 36_500 * 86_400_000

/** `90s`, `30m`, `2h`, `1d` → ms. */
export const parseDurationMs = (text: string): number => {
  const found = /^(\d+(?:\.\d+)?)(ms|s|m|min|h|d)$/.exec(text)
  const unit = unitsMs[found?.[2] ?? '']
  if (found === null || unit === undefined)
    throw new InvalidArgumentError('expected a time such as 90s, 30m, 2h or 1d')
  const amount = decimalOf(found[1] ?? '')
  if (amount === null || amount * unit > durationMsMax)
    throw new InvalidArgumentError('expected a time of at most 36500d')
  return amount * unit
}

export const parseCount = (text: string): number => {
  if (!/^[1-9]\d{0,5}$/.test(text)) throw new InvalidArgumentError('expected a whole number from 1 on')
  return Number(text)
}
