/** The workload that a configuration asks for, read from files or made from the seed of the run. */
import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { generateVmplaces } from '../workload/vmplaces.ts'
import { readVmplaces } from '../workload/vmplaces-files.ts'
import type { Workload } from '../workload/workload.ts'
import { camelKeys } from './camel.ts'
import type { WorkloadSpec } from './config/workload-section.ts'
import { QuestionError } from './question-error.ts'

/** Throws FileError for a file that cannot be read, and `QuestionError` for a workload that makes no sense. */
export const loadWorkload = (spec: WorkloadSpec, seed: number): Workload => {
  switch (spec.kind) {
    case 'vmplaces': {
      const { events, vms, hosts, mean: meanLoad, ...rest } = spec
      const model = camelKeys(rest)
      if (events !== undefined && vms !== undefined) return readVmplaces({ events, vms }, model)
      if (hosts === undefined) throw new QuestionError('a generated workload needs hosts')
      return generateVmplaces({ ...model, ...(meanLoad === undefined ? {} : { meanLoad }), hosts, seed })
    }
    default:
      return spec.kind satisfies never
  }
}

/** The files that a workload is read from. */
const pathsOf = (spec: WorkloadSpec): readonly string[] => {
  switch (spec.kind) {
    case 'vmplaces':
      return [spec.events, spec.vms].filter((path) => path !== undefined)
    default:
      return spec.kind satisfies never
  }
}

/** Throws `QuestionError` that names what is not there, before any run begins. */
export const checkFiles = (spec: WorkloadSpec): void => {
  const missing = pathsOf(spec).filter((path) => !existsSync(path))
  if (missing.length === 0) return
  const lines = missing.map((path) => `${path}: no such file (looked for ${resolve(path)})`)
  throw new QuestionError(
    `${lines.join('\n')}\nThe data of others is not part of drover: give its path (docs/simulation.md says where it comes from)`,
  )
}
