/** What the sections of the configuration are built from. */
import * as z from 'zod'

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

export const ms = (min: number) => z.int().min(min)
export const path = z.string().min(1)
export const multiaddr = z
  .string()
  .regex(/^\/[a-z0-9]+\/\S+$/, 'expected a multiaddr such as /ip4/10.0.0.7/tcp/7946')
export const uuid = z
  .string()
  .regex(
    /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i,
    'expected the UUID of a VM (`drover vms` and `virsh domuuid NAME` print it): a name means nothing on hosts that do not have the VM',
  )
export const peerId = z
  .string()
  .regex(
    /^(12D3KooW|16Uiu2HA|Qm)[1-9A-HJ-NP-Za-km-z]{30,60}$/,
    'expected the peer id of an agent (`drover members` prints it): names of hosts are not unique enough to forbid things by',
  )

export const amounts = (whose: string, cpuDefault: string, memoryDefault: string, prevents: string) =>
  z
    .strictObject({
      cpu_milli: z
        .int()
        .min(0)
        .optional()
        .meta(
          about({ description: `CPU ${whose}.`, unit: '1/1000 core', defaultText: cpuDefault, prevents }),
        ),
      memory_mib: z
        .int()
        .min(0)
        .optional()
        .meta(about({ description: `Memory ${whose}.`, unit: 'MiB', defaultText: memoryDefault, prevents })),
    })
    .prefault({})
