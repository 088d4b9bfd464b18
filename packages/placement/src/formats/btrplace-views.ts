/** What a BtrPlace model says about amounts: views of shareable resources, and attributes of VMs. */
import { BadDocument, type Fields, fieldsAt, integerAt, listAt } from './document.ts'

export interface Resource {
  readonly id: string
  readonly capacity: (host: string) => number
  readonly consumption: (vm: string) => number
}

/** Own entries only: a VM may be called `constructor`. */
const own = (fields: Fields, key: string): unknown => (Object.hasOwn(fields, key) ? fields[key] : undefined)

/** Views of other kinds (names, networks) say nothing about placement. */
export const readResources = (model: Fields): readonly Resource[] => {
  const names = new Set<string>()
  return listAt(model['views'] ?? [], 'model.views').flatMap((view, i): Resource[] => {
    const path = `model.views[${i}]`
    const fields = fieldsAt(view, path)
    if (fields['id'] !== 'shareableResource') return []
    const name = fields['rcId']
    if (typeof name !== 'string') throw new BadDocument(`${path}.rcId`, 'must be a text')
    if (names.has(name)) throw new BadDocument(`${path}.rcId`, `resource ${name} is listed twice`)
    names.add(name)
    const amounts = (key: 'nodes' | 'vms', fallback: string) => {
      const given = fieldsAt(fields[key] ?? {}, `${path}.${key}`)
      const usual = integerAt(fields[fallback] ?? 0, `${path}.${fallback}`)
      return (id: string) => {
        const amount = own(given, id)
        return amount === undefined ? usual : integerAt(amount, `${path}.${key}.${id}`)
      }
    }
    return [
      { id: name, capacity: amounts('nodes', 'defCapacity'), consumption: amounts('vms', 'defConsumption') },
    ]
  })
}

export interface VmAttributes {
  readonly memoryMiB: number | undefined
  readonly dirtyMiBps: number
}

export const readAttributes = (model: Fields): ((vm: string) => VmAttributes) => {
  const all = fieldsAt(model['attributes'] ?? {}, 'model.attributes')
  const ofVms = fieldsAt(all['vms'] ?? {}, 'model.attributes.vms')
  return (vm) => {
    const path = `model.attributes.vms.${vm}`
    const given = fieldsAt(own(ofVms, vm) ?? {}, path)
    const amount = (key: string): number | undefined => {
      const value = own(given, key)
      if (value === undefined) return undefined
      if (typeof value === 'number' && value >= 0 && value <= Number.MAX_SAFE_INTEGER)
        return Math.round(value)
      throw new BadDocument(`${path}.${key}`, `must be a non-negative number, not ${JSON.stringify(value)}`)
    }
    // The page-dirtying model: a hot set of some MiB that is rewritten within some seconds.
    const seconds = Math.max(1, amount('hotDirtyDuration') ?? 1)
    return {
      memoryMiB: amount('memUsed'),
      dirtyMiBps: Math.floor((amount('hotDirtySize') ?? 0) / seconds),
    }
  }
}
