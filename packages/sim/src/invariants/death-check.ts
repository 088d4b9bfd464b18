/**
 * S13: the death of an agent changes no VM. What changes a VM was asked for by an agent that lived then, or is its owner's doing;
 * a hypervisor may end later what it was asked for before a death.
 */
import type { VmId } from '@drover/protocol'
import type { WorldChange, WorldEvent } from '../hypervisor/events.ts'
import type { HostBook } from './host-book.ts'
import type { Check, Scene } from './scene.ts'

type Change = Extract<WorldChange, { readonly kind: 'vm' }>['what'] | 'aborted' | 'moved'

/** What hypervisors make of what agents ask of them. */
const changeOf = { start: 'started', stop: 'stopped', suspend: 'saved', resume: 'restored' } as const
const ours: ReadonlySet<Change> = new Set([...Object.values(changeOf), 'resumed'])

const keyOf = (host: string, vm: VmId, what: Change): string => `${host} ${vm} ${what}`

/** In words of the hypervisor. */
const abortedByClient = 'migration aborted by the client'

/** The host of a simulated hypervisor's URI. */
const nameIn = (uri: string): string => uri.slice(uri.lastIndexOf('/') + 1)

export const createDeathCheck = ({ world, findings, named }: Scene): Check => {
  /** How often it was asked for and has not been done, by host, VM and change. */
  const asked = new Map<string, number>()
  /** A VM that was not there before was made by its owner. */
  const known = new Set(world.vms().map((vm) => vm.vm))
  /** What an owner is about to do. */
  let owner: Extract<WorldEvent, { readonly kind: 'by-hand' }> | null = null

  const ask = (host: string, vm: VmId, what: Change): void => {
    const key = keyOf(host, vm, what)
    asked.set(key, (asked.get(key) ?? 0) + 1)
  }
  const judge = (host: string, vm: VmId, what: Change, words: string): void => {
    // Where no agent ever lived, nothing is watched.
    if (named(host) === null) return
    const key = keyOf(host, vm, what)
    const times = asked.get(key) ?? 0
    if (times > 0) asked.set(key, times - 1)
    else
      findings.tell(
        'S13',
        `${world.vm(vm).name} was ${words} on ${host}, which no living agent had asked for`,
      )
  }

  const hear = (event: WorldEvent): void => {
    if (event.kind === 'by-hand') {
      owner = event
      return
    }
    if (event.kind === 'vm') {
      const { vm, host, what } = event
      const byOwner = !known.has(vm) || (owner?.vm === vm && owner.host === host)
      known.add(vm)
      owner = null
      if (!byOwner && ours.has(what)) judge(host, vm, what, what)
    }
    if (event.kind === 'migration-started' && !event.migration.byHand)
      judge(event.migration.from, event.migration.vm, 'moved', 'set moving')
    if (event.kind === 'migration-ended' && event.detail === abortedByClient) {
      const { vm, from } = event.migration
      const byOwner = owner?.vm === vm
      owner = null
      if (!byOwner) judge(from, vm, 'aborted', 'stopped from moving')
    }
  }

  return {
    agent(event, book: HostBook) {
      if (event.kind !== 'effect' || !book.alive) return
      const { effect } = event
      if (effect.kind === 'perform') {
        const { operation } = effect
        ask(book.name, operation.vm, operation.kind === 'migrate' ? 'moved' : changeOf[operation.kind])
      }
      if (effect.kind === 'abort') ask(book.name, effect.vm, 'aborted')
      if (effect.kind === 'resume')
        ask(effect.at === null ? book.name : nameIn(effect.at), effect.vm, 'resumed')
    },
    world: hear,
  }
}
