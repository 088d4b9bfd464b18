/** The workload that a configuration asks for, read from files or made from the seed of the run. */
import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import type { PowerManagement } from '../run/energy.ts'
import { bitbrainsPaths, readBitbrains } from '../workload/bitbrains.ts'
import { readPlanetlab } from '../workload/planetlab.ts'
import { generateShape } from '../workload/shapes.ts'
import { generateVmplaces } from '../workload/vmplaces.ts'
import { readVmplaces } from '../workload/vmplaces-files.ts'
import type { Workload } from '../workload/workload.ts'
import { camelKeys } from './case.ts'
import type { WorkloadSpec } from './config/workload-section.ts'
import { QuestionError } from './question-error.ts'
import type { RunSpec } from './spec.ts'

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
    case 'planetlab': {
      const { kind: _, data, power_management: __, ...rest } = spec
      return readPlanetlab(data, camelKeys(rest))
    }
    case 'bitbrains': {
      const { kind: _, data, ...rest } = spec
      return readBitbrains(data, camelKeys(rest))
    }
    case 'steps':
      return generateShape({ ...camelKeys(spec), seed })
    case 'waves':
      return generateShape({ ...camelKeys(spec), seed })
    case 'flash-crowds':
      return generateShape({ ...camelKeys(spec), seed })
    default:
      return spec satisfies never
  }
}

/** The baseline that CloudSim calls "no power management" is what its hosts draw when nothing manages them. */
export const powerManagementOf = ({ workload, algorithm }: RunSpec): PowerManagement =>
  workload.kind === 'planetlab'
    ? (workload.power_management ?? (algorithm.name === 'none' ? 'none' : 'load'))
    : 'load'

/** The files that a workload is read from. */
const pathsOf = (spec: WorkloadSpec): readonly string[] => {
  switch (spec.kind) {
    case 'vmplaces':
      return [spec.events, spec.vms].filter((path) => path !== undefined)
    case 'planetlab':
      return [spec.data]
    case 'bitbrains':
      return Object.values(bitbrainsPaths(spec.data))
    case 'steps':
    case 'waves':
    case 'flash-crowds':
      return []
    default:
      return spec satisfies never
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
