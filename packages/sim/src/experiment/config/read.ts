/** From a file and the options of the command line to a checked experiment; every problem at once. */
import {
  type Flag,
  fileLayer,
  flagLayer,
  type Layer,
  mergeLayers,
  nearest,
  type Problem,
  problemsOf,
  schemaReaderOf,
} from '@drover/agent/cli'
import { GivenError, givenBytes, readGivenText } from '@drover/agent/runtime'
import type { AlgorithmSpec } from '../algorithms.ts'
import { algorithmOf } from './algorithm-of.ts'
import { type ExperimentFile, experimentSchema } from './schema.ts'
import type { WorkloadSpec } from './workload-section.ts'

export interface Experiment {
  readonly name: string
  readonly algorithms: readonly AlgorithmSpec[]
  readonly seeds: readonly number[]
  readonly workload: WorkloadSpec
  /** All of it, defaults included, as the manifest keeps it. */
  readonly configuration: ExperimentFile
}

export type ReadExperiment =
  | { readonly kind: 'experiment'; readonly experiment: Experiment }
  | { readonly kind: 'wrong'; readonly problems: readonly Problem[] }

const reader = schemaReaderOf(experimentSchema)

const readLayer = (file: string): Layer | Problem => {
  try {
    return fileLayer(file, readGivenText(file, { bytesMax: givenBytes.settings }))
  } catch (error) {
    if (!(error instanceof GivenError)) throw error
    return {
      code: 'unreadable',
      key: '',
      text: error.text,
      suggestion: null,
      origin: { kind: 'file', file, line: null },
    }
  }
}

/** `file`: a path, or null for the options alone. Options win over the file, and the file over `defaults`. */
export const readExperiment = (
  file: string | null,
  flags: readonly Flag[],
  defaults: readonly Flag[] = [],
): ReadExperiment => {
  const layers: Layer[] = [flagLayer(defaults, reader)]
  if (file !== null) {
    const layer = readLayer(file)
    if ('code' in layer) return { kind: 'wrong', problems: [layer] }
    layers.push(layer)
  }
  const merged = mergeLayers([...layers, flagLayer(flags, reader)])
  const checked = experimentSchema.safeParse(merged.tree)
  if (!checked.success)
    return {
      kind: 'wrong',
      problems: problemsOf(checked.error.issues, merged.tree, merged.originOf, reader),
    }
  const configuration = checked.data
  const problems: Problem[] = []
  const algorithms = configuration.algorithms.flatMap((label, index): readonly AlgorithmSpec[] => {
    const found = algorithmOf(configuration, label)
    if ('label' in found) return [found]
    problems.push({
      code: 'invalid',
      key: `algorithms[${index}]`,
      text: found.text,
      suggestion: nearest(found.part, found.choices),
      origin: merged.originOf(['algorithms', index]),
    })
    return []
  })
  if (problems.length > 0) return { kind: 'wrong', problems }
  const { seeds, workload } = configuration
  return {
    kind: 'experiment',
    experiment: {
      name: configuration.name ?? workload.kind,
      algorithms,
      seeds: [...new Set(seeds)],
      workload,
      configuration,
    },
  }
}
