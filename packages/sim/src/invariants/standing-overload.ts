/**
 * Which hosts may take themselves for overloaded. An overload begins above what is usable, and stands until demand has come down to the
 * clear mark: in between it stays what it was. One sample there is not believed yet; the second is.
 */
import type { ObservedVm, Resources } from '@drover/protocol'
import { dimensions, resources } from '@drover/protocol'
import type { HostBook } from './host-book.ts'
import type { Scene } from './scene.ts'

/** A host is overloaded no more after so many samples at the clear mark. */
const clearSamples = 2

export interface StandingOverloads {
  /** Its hypervisor has shown this. */
  shown(book: HostBook, vms: readonly ObservedVm[]): void
  at(book: HostBook): boolean
}

export const createStandingOverloads = (
  { world, usable }: Pick<Scene, 'world' | 'usable'>,
  clearPermille: number,
): StandingOverloads => {
  /** By host, so many samples at the clear mark are missing. */
  const standing = new Map<HostBook, number>()

  /** What is true or told of the host, whichever is more. */
  const wanted = (book: HostBook, vms: readonly ObservedVm[]): Resources => {
    const { demand } = world.host(book.name)
    const told = (d: keyof Resources): number => {
      let sum = 0
      for (const vm of vms)
        if (d === 'memoryMiB' || vm.state === 'running') sum += vm[d] ?? world.vm(vm.vm)[d]
      return sum
    }
    return resources((d) => Math.max(demand[d], told(d)))
  }

  return {
    shown(book, vms) {
      const [demand, most] = [wanted(book, vms), usable(book.name)]
      if (dimensions.some((d) => demand[d] > most[d])) return void standing.set(book, clearSamples)
      const left = standing.get(book)
      if (left === undefined || dimensions.some((d) => demand[d] * 1_000 > most[d] * clearPermille)) return
      if (left > 1) standing.set(book, left - 1)
      else standing.delete(book)
    },
    at: (book) => standing.has(book),
  }
}
