/**
 * What an agent keeps account of, as it says itself: VMs that leave count until they are gone (S9), words that it owes are not
 * forgotten (S12), and lists have bounds (S14).
 */
import { type ActionId, type JournalRecord, limits, type PeerView } from '@drover/protocol'
import type { HostBook } from './host-book.ts'
import type { Check, Scene } from './scene.ts'

export interface AccountCheck extends Check {
  judge(view: PeerView): void
}

export const createAccountCheck = ({ world, findings, books }: Scene): AccountCheck => {
  /** The words that each host owes to others. */
  const owed = new Map<HostBook, Set<ActionId>>()
  const owedBy = (book: HostBook): Set<ActionId> => {
    const actions = owed.get(book) ?? new Set()
    owed.set(book, actions)
    return actions
  }

  const persists = (book: HostBook, record: JournalRecord): void => {
    if (record.kind === 'closed' && record.duty !== null) owedBy(book).add(record.action)
    if (record.kind === 'discharged') owedBy(book).delete(record.action)
  }

  const most = (book: HostBook, what: string, is: number, may: number): void => {
    if (is > may)
      findings.once(`S14 ${book.id} ${what}`, 'S14', `${book.name} keeps ${is} ${what}, ${may} are allowed`)
  }

  const judgeLeaving = (book: HostBook, { vms, migrations }: PeerView): void => {
    const shown = new Set(book.observed.map(({ vm }) => vm))
    for (const { vm, from } of world.migrations()) {
      const leaves = migrations.some((one) => one.vm === vm && one.phase === 'moving')
      if (from !== book.name || !leaves || !shown.has(vm) || vms.some((one) => one.vm === vm)) continue
      findings.once(
        `S9 ${book.id} ${vm}`,
        'S9',
        `${book.name} no longer counts ${world.vm(vm).name}, which is still leaving`,
      )
    }
  }

  return {
    agent(event, book) {
      if (event.kind === 'born') owed.set(book, new Set(event.restored.duties.map(({ action }) => action)))
      if (event.kind === 'effect' && event.effect.kind === 'persist') persists(book, event.effect.record)
    },
    judge(view) {
      const book = books.get(view.host)
      if (book === undefined || !book.alive) return
      const told = new Set(view.duties.map(({ action }) => action))
      for (const action of owedBy(book))
        if (!told.has(action))
          findings.once(
            `S12 ${book.id} ${action}`,
            'S12',
            `${book.name} has forgotten what it owes the other end of ${action}`,
          )
      judgeLeaving(book, view)
      most(book, 'warnings', view.warnings.length, limits.warningsMax)
      most(book, 'decisions', view.decisions.length, limits.decisionsMax)
      most(book, 'hosts in its view', view.members.length, limits.viewHostsMax)
    },
  }
}
