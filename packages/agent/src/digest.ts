/** Short names for larger things, equal on every host that has the same thing. */
import { createHash } from 'node:crypto'
import type { Policy, Rule } from '@drover/protocol'

/** 12 hex digits that differ when policy or rules differ, whatever the order of their keys. */
export const policyHash = (policy: Policy, rules: readonly Rule[]): string =>
  createHash('sha256').update(canonical({ policy, rules })).digest('hex').slice(0, 12)

const canonical = (value: unknown): string =>
  JSON.stringify(value, (_key, part: unknown) =>
    typeof part === 'object' && part !== null && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)))
      : part,
  )
