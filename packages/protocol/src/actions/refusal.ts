/** Why something may not begin here, for programs and for people. */
export interface Refusal {
  readonly code: string
  readonly text: string
}
