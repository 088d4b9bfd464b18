/** What the sections of the configuration are built from. */
import { limits } from '@drover/protocol'
import * as z from 'zod'
import { peerIdForm } from './addresses.ts'

export interface About {
  readonly description: string
  /** The failure that this key is there to prevent. */
  readonly prevents: string
  /** The default in words, where it is not a constant. */
  readonly defaultText?: string
  readonly unit?: string
  /** Policy only: the default depends on the preset. */
  readonly byPreset?: readonly [string, string, string]
}

/** Checked as `About`; the index signature is what zod's `meta` asks for. */
export const about = (text: About): About & Record<string, unknown> => ({ ...text })

/** No duration of a policy is longer than `max`: it would be a way to say never, and timers end at 24 days. */
export const ms = (min: number, max: number) => z.int().min(min).max(max)
export const hourMs = 3_600_000
export const dayMs = 24 * hourMs
export const uuid = z
  .string()
  .regex(
    /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i,
    'expected the UUID of a VM (`drover vms` and `virsh domuuid NAME` print it): a name means nothing on hosts that do not have the VM',
  )
export const peerId = z
  .string()
  .regex(
    peerIdForm,
    'expected the peer id of an agent (`drover members` prints it): names of hosts are not unique enough to forbid things by',
  )

export const amounts = (whose: string, cpuDefault: string, memoryDefault: string, prevents: string) =>
  z
    .strictObject({
      cpu_milli: z
        .int()
        .min(0)
        .max(limits.amountMax)
        .optional()
        .meta(
          about({ description: `CPU ${whose}.`, unit: '1/1000 core', defaultText: cpuDefault, prevents }),
        ),
      memory_mib: z
        .int()
        .min(0)
        .max(limits.amountMax)
        .optional()
        .meta(about({ description: `Memory ${whose}.`, unit: 'MiB', defaultText: memoryDefault, prevents })),
    })
    .prefault({})
