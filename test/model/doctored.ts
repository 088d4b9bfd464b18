/** Traces that no sound agent makes: recorded ones with a step left out or put in. Every one of them must be refused. */
import { type Step, step, type Trace } from './trace.ts'

interface Doctoring {
  readonly model: string
  readonly what: string
  /** The first recorded trace that has this step is changed. */
  readonly with: string
  readonly change: (steps: readonly Step[], index: number) => readonly Step[]
}

const without =
  (...names: readonly string[]) =>
  (steps: readonly Step[]): readonly Step[] =>
    steps.filter(({ name }) => !names.includes(name))
const before =
  (...names: readonly string[]) =>
  (steps: readonly Step[], index: number): readonly Step[] => [
    ...steps.slice(0, index),
    ...names.map((name) => step(name, steps[index]!.p)),
    ...steps.slice(index),
  ]

const doctorings: readonly Doctoring[] = [
  {
    model: 'migration',
    what: 'resumed while it is still on its way',
    with: 'w_moved',
    change: before('d_resumes'),
  },
  {
    model: 'migration',
    what: 'handed over, although it never began',
    with: 's_hands_over',
    change: without('w_started', 'w_moved'),
  },
  { model: 'migration', what: 'begun twice', with: 'w_started', change: before('s_performs') },
  {
    model: 'migration',
    what: 'resumed at its source while the other end has it',
    with: 's_hands_over',
    change: before('s_resumes'),
  },
  { model: 'competition', what: 'granted without being asked', with: 'grants', change: without('forms') },
  { model: 'competition', what: 'two plans at once', with: 'executes', change: before('executes') },
  { model: 'lease', what: 'granted while an action runs', with: 'm_ends', change: before('m_grants') },
  { model: 'lease', what: 'a promise under no lease', with: 'm_admits', change: without('m_grants') },
  { model: 'lease', what: 'performed before it was begun', with: 'm_performs', change: without('m_begins') },
  { model: 'ledger', what: 'begun without an admission', with: 'begins', change: without('admits') },
  { model: 'ledger', what: 'taken over before it arrived', with: 'takes_over', change: without('arrives') },
  { model: 'brake', what: 'begun after the reply', with: 's_performs', change: before('observe_leader') },
  {
    model: 'brake',
    what: 'admitted after the reply',
    with: 'd_admits',
    change: before('observe_destination'),
  },
]

/** Throws when no recorded trace has a step that is to be changed: nothing would be shown. */
export const doctored = (model: string, traces: readonly Trace[]): readonly Trace[] =>
  doctorings
    .filter((one) => one.model === model)
    .map(({ what, with: name, change }) => {
      const trace = traces.find(({ steps }) => steps.some((one) => one.name === name))
      if (trace === undefined) throw new Error(`no trace of ${model} has a ${name} that could be doctored`)
      const index = trace.steps.findIndex((one) => one.name === name)
      return { model, label: `${what} (${trace.label})`, steps: change(trace.steps, index) }
    })
