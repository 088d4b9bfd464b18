/** The policy of the configuration: a preset and its numbers. */
import { limits, presets } from '@drover/protocol'
import * as z from 'zod'
import { about, dayMs, hourMs, ms } from './fields.ts'

/** The three numbers of a preset value, in the order of `presets`. */
const byPreset = (key: keyof (typeof presets)['balanced']): readonly [string, string, string] => [
  String(presets.conservative[key]),
  String(presets.balanced[key]),
  String(presets.aggressive[key]),
]

export const policy = z
  .strictObject({
    preset: z
      .enum(['conservative', 'balanced', 'aggressive'])
      .default('balanced')
      .meta(
        about({
          description: 'The starting point of the numbers below; each may be changed on its own.',
          prevents: 'twenty numbers to understand before the first start',
        }),
      ),
    overload_hold_ms: ms(0, hourMs)
      .optional()
      .meta(
        about({
          description:
            'Demand above capacity − reserve must last this long to count as an overload. One that nothing could cure is tried again after five times this and 5 s together at the latest, and after five minutes in any case.',
          unit: 'ms',
          byPreset: byPreset('overloadHoldMs'),
          prevents: 'migrations because of a blip',
        }),
      ),
    clear_permille: z
      .int()
      .min(500)
      .max(1000)
      .optional()
      .meta(
        about({
          description:
            'At or below this share of the usable capacity an overload is over; a cure must bring the host down to it.',
          unit: '1/1000',
          byPreset: byPreset('clearPermille'),
          prevents: 'flapping at the edge',
        }),
      ),
    act_early: z
      .boolean()
      .default(true)
      .meta(
        about({
          description:
            'Watches how the CPU demand of each VM varies, and moves VMs before a host is overloaded when that saves enough and its forecasts have proved right. Off: only overloads that have lasted for `overload_hold_ms` are cured.',
          prevents: 'overloads that could be seen coming',
        }),
      ),
    forecast_gain_ms_min: ms(0, dayMs)
      .optional()
      .meta(
        about({
          description:
            'A migration before an overload must be expected to save at least so much overload time. Less: fewer overloads, more migrations.',
          unit: 'ms',
          byPreset: byPreset('forecastGainMsMin'),
          prevents: 'migrations that would not have been needed',
        }),
      ),
    cooldown_ms: ms(0, 7 * dayMs)
      .optional()
      .meta(
        about({
          description:
            'A VM that was moved rests this long: drover moves it of its own accord only from an overloaded host, and not back. Binds no `migrate`, drain or broken rule.',
          unit: 'ms',
          byPreset: byPreset('cooldownMs'),
          prevents: 'VMs that bounce between hosts',
        }),
      ),
    gain_min_permille: z
      .int()
      .min(0)
      .max(1000)
      .optional()
      .meta(
        about({
          description: 'A plan that cannot cure must lower the total excess by at least this share.',
          unit: '1/1000',
          byPreset: byPreset('gainMinPermille'),
          prevents: 'migrations that hardly lower any overload',
        }),
      ),
    migrations_out_max: z
      .int()
      .min(1)
      .max(64)
      .optional()
      .meta(
        about({
          description: 'Migrations that may leave one host at the same time.',
          byPreset: byPreset('migrationsOutMax'),
          prevents: 'a link shared by so many migrations that none converges',
        }),
      ),
    migrations_in_max: z
      .int()
      .min(1)
      .max(64)
      .optional()
      .meta(
        about({
          description: 'Migrations that may enter one host at the same time.',
          byPreset: byPreset('migrationsInMax'),
          prevents: 'all hosts moving VMs to the one empty host at once',
        }),
      ),
    bandwidth_mib_per_s: z
      .int()
      .min(1)
      .max(1_000_000)
      .optional()
      .meta(
        about({
          description: 'Limit of one migration; also used to estimate durations.',
          unit: 'MiB/s',
          defaultText: `the hypervisor's own limit (${limits.assumedLinkMiBps} is assumed for estimates)`,
          prevents: 'migrations that starve the guests of the network',
        }),
      ),
    auto_converge: z
      .boolean()
      .default(true)
      .meta(
        about({
          description:
            'A guest that rewrites memory faster than the link carries it is slowed down, more and more, until its migration can end. Off: such a migration is broken off when it has taken far longer than expected.',
          prevents: 'migrations that never end',
        }),
      ),
    gossip_ms: ms(100, 600_000)
      .default(5_000)
      .meta(
        about({
          description: 'How often the load summary is published when nothing changed.',
          unit: 'ms',
          prevents: 'partners chosen by stale numbers (too long) and chatter (too short)',
        }),
      ),
    quarantine_ms: ms(0, dayMs)
      .default(60_000)
      .meta(
        about({
          description: 'A VM whose migration failed twice is left alone this long, doubling each time.',
          unit: 'ms',
          prevents: 'one VM that fails to migrate, forever',
        }),
      ),
  })
  .prefault({})
