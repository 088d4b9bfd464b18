/** No scheduler: what overload would be without. */
import type { Scheduler } from '../run/simulated-run.ts'

export const none = (): Scheduler => ({ name: 'none', begin() {} })
