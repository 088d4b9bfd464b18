/** How a process is started in which a fault is sown. Its children inherit that. */
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'

/** Of a process in which a fault was to be sown, and was not. */
export const silentExitCode = 86

const loader = pathToFileURL(join(import.meta.dirname, 'sow.ts')).href

/**
 * `fault` null = none. `log`: where each process writes whether the fault was sown in it. The loader is in `NODE_OPTIONS`, so
 * that every process of Node that is started in this environment has it, whichever way.
 */
export const sownEnv = (fault: string | null, log?: string): NodeJS.ProcessEnv => {
  const { DROVER_SOWN: _, DROVER_SOWN_LOG: __, ...env } = process.env
  if (fault === null) return env
  return {
    ...env,
    NODE_OPTIONS: `${env['NODE_OPTIONS'] ?? ''} --import=${loader}`.trim(),
    DROVER_SOWN: fault,
    ...(log === undefined ? {} : { DROVER_SOWN_LOG: log }),
  }
}
