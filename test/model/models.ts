/** Which models there are, at which bounds each is searched, and which mutations of each have to be found. */

/** One exhaustive search of a model. */
export interface Search {
  /** What it shows, for the table. */
  readonly shows: string
  /** Names of `#define`s, with their values: the bounds. */
  readonly bounds: Readonly<Record<string, number>>
  /** Also look for cycles in which nothing is achieved (livelock). */
  readonly cycles?: boolean
}

/** A rule of the code left out. `search`: which of the model's searches finds it, 0 = the first. */
export interface Mutation {
  readonly name: string
  readonly search: number
}

export interface Model {
  readonly name: string
  readonly searches: readonly Search[]
  readonly mutations: readonly Mutation[]
}

export const models: readonly Model[] = [
  {
    name: 'lease',
    searches: [{ shows: 'S4 S5 S6', bounds: { CRASHES: 1, LOSSES: 1 } }],
    mutations: [
      { name: 'NO_ID_CHECK', search: 0 },
      { name: 'NO_HOLD_WHILE_BUSY', search: 0 },
      { name: 'NO_JOBS_ASKED', search: 0 },
      { name: 'EPOCH_NOT_DURABLE', search: 0 },
      { name: 'CLOCK_GOES_BACK', search: 0 },
      { name: 'QUARANTINE_OF_A_LEASE', search: 0 },
    ],
  },
  {
    name: 'competition',
    searches: [
      { shows: 'L2 S4 S7', bounds: { LEADERS: 3, RING: 1, LOSSES: 0, CRASHES: 0 }, cycles: true },
      { shows: 'S4 S7, a message is lost', bounds: { LEADERS: 2, LOSSES: 1, CRASHES: 0 } },
      { shows: 'S4 S7, an agent crashes', bounds: { LEADERS: 2, LOSSES: 0, CRASHES: 1 } },
    ],
    mutations: [
      { name: 'NO_BACK_OFF', search: 0 },
      { name: 'HOLD_AND_WAIT', search: 0 },
      { name: 'WOUND_EXECUTING', search: 0 },
      { name: 'INHERIT', search: 2 },
    ],
  },
  {
    name: 'migration',
    searches: [
      { shows: 'S1 S2 S8 S12, crash and daemon', bounds: { CRASHES: 1, LOSSES: 0, DAEMONS: 1, POWERS: 0 } },
      { shows: 'the same, a journal is lost', bounds: { CRASHES: 1, LOSSES: 1, DAEMONS: 0, POWERS: 0 } },
      { shows: 'the same, power failure', bounds: { CRASHES: 0, LOSSES: 0, DAEMONS: 1, POWERS: 1 } },
    ],
    mutations: [
      { name: 'BELIEVE_FIRST_RUNNING', search: 0 },
      { name: 'STEADY_UNTIL_NOW', search: 0 },
      { name: 'RESUME_WITHOUT_ASKING', search: 0 },
      { name: 'NOT_PAUSED_HANDOVER', search: 0 },
      { name: 'TAKE_OVER_WITHOUT_ASKING', search: 0 },
      { name: 'OLD_ANSWERS_COUNT', search: 2 },
      { name: 'EXPIRE_AT_ONCE', search: 0 },
      { name: 'FORGET_UNHEARD', search: 1 },
    ],
  },
  {
    name: 'ledger',
    searches: [{ shows: 'S9', bounds: { CRASHES: 2 } }],
    mutations: [
      { name: 'CREDIT_EARLY', search: 0 },
      { name: 'FORGET_AT_ONCE', search: 0 },
      { name: 'LATE_USE', search: 0 },
      { name: 'UNKNOWN_IS_ZERO', search: 0 },
      { name: 'PROMISE_NOT_DURABLE', search: 0 },
      { name: 'ARRIVAL_NOT_COUNTED', search: 0 },
    ],
  },
  {
    name: 'brake',
    searches: [{ shows: 'nothing begins after the reply', bounds: {} }],
    mutations: [
      { name: 'NO_BRAKE_AT_ADMITTED', search: 0 },
      { name: 'NO_BRAKE_AT_DESTINATION', search: 0 },
      { name: 'NO_CALL_OFF', search: 0 },
      { name: 'WITHDRAW_NOT_REMEMBERED', search: 0 },
    ],
  },
]
