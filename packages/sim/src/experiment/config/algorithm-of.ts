/** What `drover:aggressive` in a list of algorithms means, with what the configuration says about it. */
import { policyFrom } from '@drover/agent/cli'
import { type Preset, presets } from '@drover/protocol'
import { type AlgorithmSpec, algorithmNames } from '../algorithms.ts'
import { camelKeys } from '../case.ts'
import type { ExperimentFile } from './schema.ts'

export interface UnknownName {
  readonly text: string
  /** What was mistyped, and what it may have been meant for. */
  readonly part: string
  readonly choices: readonly string[]
}

const presetNames = Object.keys(presets) as readonly Preset[]

export const algorithmOf = (file: ExperimentFile, label: string): AlgorithmSpec | UnknownName => {
  const [word = '', variant] = label.split(':')
  const name = algorithmNames.find((one) => one === word)
  if (name === undefined)
    return {
      text: `no algorithm ${JSON.stringify(word)}; there are ${algorithmNames.join(', ')}`,
      part: word,
      choices: algorithmNames,
    }
  const choices: readonly string[] = name === 'drover' ? presetNames : []
  if (variant !== undefined && !choices.includes(variant))
    return {
      text:
        choices.length === 0
          ? `${name} has no presets`
          : `no preset ${JSON.stringify(variant)}; there are ${choices.join(', ')}`,
      part: variant,
      choices,
    }
  const plain = { label, preset: null }
  switch (name) {
    case 'none':
      return { name, ...plain }
    case 'lazy-ffd':
      return { name, ...plain, options: camelKeys(file['lazy-ffd']) }
    case 'entropy':
      return { name, ...plain, options: camelKeys(file.entropy) }
    case 'greedy-central':
      return { name, ...plain, options: camelKeys(file['greedy-central']) }
    case 'snooze':
      return { name, ...plain, options: camelKeys(file.snooze) }
    case 'dvms':
    case 'dvms-random':
      return { name, ...plain, options: camelKeys(file.dvms) }
    case 'crs':
      return { name, ...plain, options: camelKeys(file.crs) }
    case 'drover': {
      const { policy, ...rest } = file.drover
      const preset = presetNames.find((one) => one === variant) ?? policy.preset
      const numbers = policyFrom({ ...policy, preset })
      return { name, label, preset, options: { ...camelKeys(rest), preset, policy: numbers } }
    }
    default:
      return name satisfies never
  }
}
