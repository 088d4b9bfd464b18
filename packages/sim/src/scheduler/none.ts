/** Nobody schedules: what overload would be without. */
import type { Scheduler } from '../ground/ground.ts'

export const none = (): Scheduler => ({ name: 'none', begin() {} })
