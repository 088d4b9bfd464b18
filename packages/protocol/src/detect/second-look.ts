/**
 * An overload that is expected to last is cured without waiting for the hold time. Then one wrong sample would count as
 * much as a minute: so what one sample shows for the first time is looked at once more, at once, before it is acted on.
 */

import { fits } from '@drover/placement'
import { demandOf, type HostState, usableOf } from '../snapshot/host.ts'
import type { Desk } from '../step-context.ts'

export interface SecondLook {
  /**
   * Ask it at every step. True if it is urgent, and two samples in a row have shown more demand than is usable. `urgent`: the
   * answer decides something now, so the second sample is asked for.
   */
  confirmed(urgent: boolean): boolean
  /** The second sample was asked for and has not come: until then nothing follows from the first. */
  readonly pending: boolean
}

export const createSecondLook = (desk: Desk, host: HostState): SecondLook => {
  /** The number of the sample that showed it first, and of the one after which another was asked for. */
  let first: number | null = null
  let askedAfter: number | null = null
  return {
    confirmed(urgent) {
      if (fits(demandOf(host), usableOf(host))) {
        first = null
        askedAfter = null
        return false
      }
      first ??= host.samples
      if (host.samples > first) return urgent
      if (urgent && askedAfter === null) {
        askedAfter = host.samples
        desk.emit({ kind: 'sample' })
      }
      return false
    },
    get pending() {
      return askedAfter === host.samples
    },
  }
}
