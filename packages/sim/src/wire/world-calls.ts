/**
 * What a driver and the world say to each other: the hypervisor port, call by call. A driver says `hello` once, with the name of
 * its host; then it asks, each question with a number of its own. The world answers with that number, and tells events unasked.
 */
import type {
  HostFacts,
  HypervisorErrorCode,
  HypervisorEvent,
  MigrationProgress,
  MigrationResult,
  Presence,
  RunningJob,
  Sample,
} from '@drover/agent/runtime'
import { asVmId } from '@drover/protocol'
import * as z from 'zod'

const vm = z.string().min(1).transform(asVmId)
const uri = z.string().min(1)
const mebibytesPerSecond = z.number().min(0)

const migration = z.strictObject({
  vm,
  to: uri,
  handOverPaused: z.boolean(),
  bandwidthMiBps: mebibytesPerSecond.nullable(),
  autoConverge: z.boolean().default(true),
})

const call = z.discriminatedUnion('name', [
  z.strictObject({ name: z.literal('host') }),
  z.strictObject({ name: z.literal('sample') }),
  z.strictObject({ name: z.literal('jobs') }),
  z.strictObject({ name: z.literal('locate'), vm, at: uri.optional() }),
  z.strictObject({ name: z.literal('migrate'), request: migration }),
  z.strictObject({ name: z.literal('limit'), vm, bandwidthMiBps: mebibytesPerSecond }),
  z.strictObject({ name: z.literal('abort'), vm }),
  z.strictObject({ name: z.literal('resume'), vm, at: uri.optional() }),
  z.strictObject({ name: z.literal('setAutostart'), vm }),
  z.strictObject({ name: z.literal('save'), vm }),
  z.strictObject({ name: z.literal('restore'), vm }),
  z.strictObject({ name: z.literal('start'), vm }),
  z.strictObject({ name: z.literal('shutdown'), vm }),
])

export const question = z.union([
  z.strictObject({ hello: z.string().min(1) }),
  z.strictObject({ number: z.int(), call }),
])

export type Call = z.output<typeof call>
export type CallName = Call['name']

/** What each call answers; null = that it was carried out. */
export interface AnswerOf {
  readonly host: HostFacts
  readonly sample: Sample
  readonly jobs: readonly RunningJob[]
  readonly locate: Presence
  readonly migrate: MigrationResult
  readonly limit: null
  readonly abort: null
  readonly resume: null
  readonly setAutostart: null
  readonly save: null
  readonly restore: null
  readonly start: null
  readonly shutdown: null
}

/** One line of the world's. */
export type Told =
  | { readonly kind: 'event'; readonly event: HypervisorEvent }
  | { readonly kind: 'progress'; readonly number: number; readonly progress: MigrationProgress }
  | { readonly kind: 'answer'; readonly number: number; readonly answer: AnswerOf[CallName] }
  | {
      readonly kind: 'error'
      readonly number: number
      readonly code: HypervisorErrorCode
      readonly text: string
    }
  /** The last line: the world has no such host, or could not read what it was asked. */
  | { readonly kind: 'refused'; readonly text: string }
