/** Bounds of the protocol that ten minutes do not reach are reached when they are smaller. */
import { type Limits, limits } from '@drover/protocol'

const usual: Limits = { ...limits }

/** From now on these hold in this process, and of all others the usual ones. */
export const setLimits = (changes: Partial<Limits>): void => {
  for (const name of Object.keys(changes))
    if (!Object.hasOwn(usual, name)) throw new Error(`no such limit: ${name}`)
  Object.assign(limits, usual, changes)
}
