/**
 * The small schemas that all wire schemas are built of. Each is bounded: whatever passes is small enough to keep.
 * Ids are branded here, the one place where text from the wire becomes an id.
 */

import { dimensions, type Resources } from '@drover/placement'
import { z } from 'zod'
import { limits } from '../data/config.ts'
import type { ActionId, HostId, PartitionId, VmId } from '../data/ids.ts'
import type { AnyCode } from '../data/reasons.ts'

type Frozen<T> = T extends string | number | boolean | null
  ? T
  : T extends readonly (infer E)[]
    ? readonly Frozen<E>[]
    : { readonly [K in keyof T]: Frozen<T[K]> }

/**
 * `S` describes exactly the hand-written type `T`: what it lets through is a `T`, every `T` has its form, and it
 * drops no field, optional ones included (which a plain `z.ZodType<T>` would let us forget).
 */
export type Describes<S extends z.ZodType, T> = [z.output<S>] extends [T]
  ? [T] extends [Frozen<z.output<S>>]
    ? [Required<z.output<S>>] extends [Required<T>]
      ? true
      : false
    : false
  : false

/** Compiles only for `true`: `type _ = Check<Describes<typeof schema, T>>`. */
export type Check<T extends true> = T

const id = <T extends string>() =>
  z.string().min(1).max(limits.idCharsMax) as unknown as z.ZodType<T, unknown>

export const hostId = id<HostId>()
export const vmId = id<VmId>()
export const partitionId = id<PartitionId>()
export const actionId = id<ActionId>()

export const text = z.string().max(limits.textCharsMax)
/** A code of another package or program; and one that may be ours. */
export const codeText = z.string().max(limits.idCharsMax)
export const code = codeText as unknown as z.ZodType<AnyCode, unknown>
export const prose = z
  .string()
  .transform((all) => (all.length > limits.proseCharsMax ? all.slice(0, limits.proseCharsMax) : all))

/**
 * At most `max` of them, at least `min`. It ends with the first that is wrong: zod goes on and makes an issue of every field, so that
 * a list of 16,384 empty maps, 16 KB on the wire, would take half a second.
 */
export const listOf = <S extends z.ZodType>(item: S, max: number, min = 0) =>
  z.unknown().transform((value, context): z.output<S>[] => {
    if (!Array.isArray(value) || value.length > max || value.length < min) {
      context.addIssue({ code: 'custom', message: `expected a list of ${min} to ${max}` })
      return z.NEVER
    }
    const read: z.output<S>[] = []
    for (const [index, one] of value.entries()) {
      const checked = item.safeParse(one)
      if (checked.success) read.push(checked.data)
      else {
        // As they are: a word of a later version in one of them is told from garbage by its code and path.
        for (const issue of checked.error.issues)
          context.issues.push({ ...issue, input: one, path: [index, ...issue.path] })
        return z.NEVER
      }
    }
    return read
  })

/** What a VM says of itself, for rules. */
export const label = z.string().max(limits.labelCharsMax)
export const labels = z.exactOptional(listOf(label, limits.vmLabelsMax))

/** Incarnations, epochs, sequences, counts and amounts: non-negative safe integers. */
export const count = z.int().min(0)
/** A severity may be below zero: drains rank below any overload. */
export const integer = z.int()
/** Durations, ms, and rates: clocks and meters may give fractions; finite and never negative. */
export const measure = z.number().min(0).max(Number.MAX_SAFE_INTEGER)

/** What a VM wants or a host has of a dimension; a share of it may have fractions. */
export const amount = z.int().min(0).max(limits.amountMax)
export const amountMeasure = z.number().min(0).max(limits.amountMax)

const ofDimensions = (each: z.ZodType<number>) =>
  z.object(Object.fromEntries(dimensions.map((dimension) => [dimension, each]))) as unknown as z.ZodType<
    Resources,
    unknown
  >

/** Of one VM or host. */
export const resources = ofDimensions(amount)
/** Of many VMs together. */
export const totals = ofDimensions(count)
