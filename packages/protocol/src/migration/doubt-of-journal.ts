/**
 * What a damaged journal still says of migrations. Later records may be lost: a VM whose arrival it has open may have run here, have
 * moved on, and have left a paused copy (S1). So each record that is left is written anew, as one in doubt, for all later lives.
 */
import type { Duty, OpenMigration } from '../data/io.ts'
import type { StepContext } from '../step-context.ts'

export interface DoubtOfJournal {
  open(record: OpenMigration): OpenMigration
  duty(record: Duty): Duty
}

/** As it stands, of an intact journal. */
const none: DoubtOfJournal = { open: (record) => record, duty: (record) => record }

export const doubtOf = (context: StepContext, journalIntact: boolean): DoubtOfJournal =>
  journalIntact
    ? none
    : {
        open(record) {
          if (record.uncertain === true) return record
          const { ageMs: _, ...lasting } = record
          const open = { ...lasting, uncertain: true }
          context.emit({ kind: 'persist', record: { kind: 'opened', open } })
          return { ...record, uncertain: true }
        },
        duty(record) {
          if (record.word !== 'hand-over' || record.demand === null) return record
          const duty = { ...record, demand: null }
          const { action, vm } = record
          const result = { kind: 'done' } as const
          context.emit({
            kind: 'persist',
            record: { kind: 'closed', action, vm, end: 'departure', result, duty },
          })
          return duty
        },
      }
