/** What a checker has found so far: each breach is told once while it lasts. */
import type { Clock } from '../time/clock.ts'

// biome-ignore format: one line each kind, in the order of docs/architecture.md
export type Invariant =
  | 'S1' | 'S2' | 'S3' | 'S4' | 'S5' | 'S6' | 'S7' | 'S8' | 'S9' | 'S10' | 'S11' | 'S12' | 'S13' | 'S14' | 'S15'
  | 'R1' | 'R2'
  | 'Q1' | 'Q2' | 'Q3'
  | Liveness

/** What must happen once faults have stopped. */
export type Liveness = 'L1' | 'L2' | 'L3' | 'L4' | 'L5' | 'L6'

export interface Violation {
  readonly invariant: Invariant
  /** By the world's clock. */
  readonly atMs: number
  /** One sentence for people, with names and numbers. */
  readonly text: string
}

/** An invariant that does not hold, and the sentence about it. */
export type Breach = readonly [Invariant, string]

export interface Findings {
  /** All so far, in order. */
  readonly found: readonly Violation[]
  tell(invariant: Invariant, text: string): void
  /** Tells it unless something was told under this key before. */
  once(key: string, invariant: Invariant, text: string): void
  /** Tells the new breaches of a subject and forgets the healed ones: a healed one may be told again. */
  judge(subject: string, breaches: readonly Breach[]): void
}

/** Those whose breaches heal. */
const healing = ['S1', 'S2', 'S3'] as const

export const createFindings = (clock: Clock, onViolation: (violation: Violation) => void): Findings => {
  const found: Violation[] = []
  const standing = new Set<string>()
  const tell = (invariant: Invariant, text: string): void => {
    const violation = { invariant, atMs: Math.round(clock.now()), text }
    found.push(violation)
    onViolation(violation)
  }
  const once = (key: string, invariant: Invariant, text: string): void => {
    if (standing.has(key)) return
    standing.add(key)
    tell(invariant, text)
  }
  return {
    found,
    tell,
    once,
    judge(subject, breaches) {
      if (breaches.length === 0 && standing.size === 0) return
      const now = new Set(breaches.map(([invariant]) => invariant))
      for (const invariant of healing) if (!now.has(invariant)) standing.delete(`${subject} ${invariant}`)
      for (const [invariant, text] of breaches) once(`${subject} ${invariant}`, invariant, text)
    },
  }
}
