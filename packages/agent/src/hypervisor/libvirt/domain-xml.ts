/**
 * What drover reads from a domain's XML: whether the VM can move, whether a disk lock guards it, and its settings
 * in drover's own namespace. What libvirt itself refuses to migrate stands in `qemuMigrationSrcIsAllowed` of its
 * `src/qemu/qemu_migration.c`; tried with libvirt 9.0.0.
 *
 *     <metadata>
 *       <drover:vm xmlns:drover="https://drover.dev/ns/vm/1" balance="never" labels="gpu license:oracle"/>
 *     </metadata>
 *
 * Settings are attributes, or child elements with text; both become entries of one record.
 */
import { XMLParser } from 'fast-xml-parser'
import type { Movable } from '../hypervisor-port.ts'

export const settingsNamespace = 'https://drover.dev/ns/vm/1'

/** How the host's lock manager is set up (`lock_manager` in qemu.conf; libvirt's default is none). */
export type DiskLock = 'none' | 'lockd' | 'sanlock'

export interface Disk {
  /** Where the data is: `file`, `block`, `network`, … or `none` for an empty drive. */
  readonly type: string
  readonly device: string
  /** Path of a file or a block device, else null. */
  readonly path: string | null
  readonly readOnly: boolean
  readonly shareable: boolean
  /** What is written to it is dropped when the VM stops. */
  readonly transient: boolean
  /** A block job writes it to a second place: a copy, or the commit of its top image. */
  readonly mirrored: boolean
}

export interface DomainFacts {
  readonly disks: readonly Disk[]
  /** The first thing that ties the VM to this host whatever its disks are, as a reason code; else null. */
  readonly pinnedBy: string | null
  /** `<lease>` elements: explicit locks at a lock manager. */
  readonly leases: number
  readonly settings: Readonly<Record<string, string>>
}

/** Attributes under `@`, elements always as arrays: then "one disk" and "two disks" look the same. */
interface Element {
  readonly '@'?: Readonly<Record<string, string>>
  readonly '#text'?: string
  readonly [name: string]: readonly Element[] | Readonly<Record<string, string>> | string | undefined
}

const parser = new XMLParser({
  ignoreAttributes: false,
  attributesGroupName: '@',
  attributeNamePrefix: '',
  parseTagValue: false,
  parseAttributeValue: false,
  ignoreDeclaration: true,
  isArray: (_name, _path, _leaf, isAttribute) => !isAttribute,
})

const children = (element: Element | undefined, name: string): readonly Element[] => {
  const found = element?.[name]
  // An element without attributes and children arrives as its text.
  return Array.isArray(found) ? found.map((one) => (typeof one === 'string' ? { '#text': one } : one)) : []
}

const child = (element: Element | undefined, name: string): Element | undefined => children(element, name)[0]
const attribute = (element: Element | undefined, name: string): string | undefined => element?.['@']?.[name]

const diskOf = (element: Element): Disk => {
  const source = child(element, 'source')
  const path = attribute(source, 'file') ?? attribute(source, 'dev') ?? null
  const device = attribute(element, 'device') ?? 'disk'
  return {
    type: source === undefined ? 'none' : (attribute(element, 'type') ?? 'file'),
    device,
    path,
    // QEMU never writes to a CD, whether or not libvirt adds the element.
    readOnly: device === 'cdrom' || child(element, 'readonly') !== undefined,
    shareable: child(element, 'shareable') !== undefined,
    transient: child(element, 'transient') !== undefined,
    mirrored: child(element, 'mirror') !== undefined,
  }
}

const pinnedBy = (devices: Element | undefined): string | null => {
  const any = (name: string, test: (element: Element) => boolean): boolean =>
    children(devices, name).some(test)
  const typed = (...types: string[]) => {
    return (element: Element): boolean => types.includes(attribute(element, 'type') ?? '')
  }
  if (children(devices, 'hostdev').length > 0) return 'dev.hostdev'
  if (any('interface', typed('hostdev', 'vdpa'))) return 'dev.hostdev'
  if (children(devices, 'filesystem').length > 0) return 'dev.filesystem'
  if (any('tpm', (tpm) => children(tpm, 'backend').some(typed('passthrough', 'external')))) return 'dev.tpm'
  if (children(devices, 'shmem').length > 0) return 'dev.shmem'
  if (any('memory', (memory) => ['nvdimm', 'virtio-pmem'].includes(attribute(memory, 'model') ?? '')))
    return 'dev.nvdimm'
  for (const name of ['serial', 'parallel', 'channel']) if (any(name, typed('dev'))) return 'dev.chardev'
  return null
}

/** "QEMU blocks migration and save with invariant TSC enabled unless TSC frequency is explicitly set." */
const hasInvariantTsc = (domain: Element): boolean => {
  const features = children(child(domain, 'cpu'), 'feature')
  const timers = children(child(domain, 'clock'), 'timer')
  return (
    features.some(
      (one) =>
        attribute(one, 'name') === 'invtsc' &&
        ['require', 'force'].includes(attribute(one, 'policy') ?? 'require'),
    ) &&
    !timers.some((one) => attribute(one, 'name') === 'tsc' && Number(attribute(one, 'frequency') ?? 0) > 0)
  )
}

const settingsOf = (metadata: Element | undefined): Record<string, string> => {
  const settings: Record<string, string> = {}
  for (const name of Object.keys(metadata ?? {})) {
    if (name === '@' || name === '#text') continue
    for (const element of children(metadata, name)) {
      const prefix = name.includes(':') ? name.slice(0, name.indexOf(':')) : ''
      const namespace = attribute(element, prefix === '' ? 'xmlns' : `xmlns:${prefix}`)
      if (namespace !== settingsNamespace) continue
      for (const [key, value] of Object.entries(element['@'] ?? {}))
        if (key !== 'xmlns' && !key.startsWith('xmlns:')) settings[key] = value
      for (const key of Object.keys(element).filter((one) => one !== '@' && one !== '#text'))
        settings[key.slice(key.indexOf(':') + 1)] = child(element, key)?.['#text'] ?? ''
    }
  }
  return settings
}

/** Throws if the text is not the XML of a domain. */
export const parseDomainXml = (xml: string): DomainFacts => {
  const domain = child(parser.parse(xml) as Element, 'domain')
  if (domain === undefined) throw new TypeError('the hypervisor sent no <domain>')
  const devices = child(domain, 'devices')
  return {
    disks: children(devices, 'disk').map(diskOf),
    pinnedBy: pinnedBy(devices) ?? (hasInvariantTsc(domain) ? 'cpu.invariant_tsc' : null),
    leases: children(devices, 'lease').length,
    settings: settingsOf(child(domain, 'metadata')),
  }
}

/** The host CPU of libvirt's capabilities, `arch/model`: hosts with the same text take each other's VMs. */
export const parseCpuBaseline = (xml: string): string => {
  const host = child(child(parser.parse(xml) as Element, 'capabilities'), 'host')
  const cpu = child(host, 'cpu')
  const arch = child(cpu, 'arch')?.['#text'] ?? 'unknown'
  return `${arch}/${child(cpu, 'model')?.['#text'] ?? 'unknown'}`
}

/**
 * Can it be live-migrated? `isShared` tells of a file whether every host sees it. Block devices are taken as shared,
 * as libvirt itself does: a destination without the device refuses.
 */
export const movable = (facts: DomainFacts, isShared: (path: string) => boolean): Movable => {
  if (facts.pinnedBy !== null) return { movable: false, code: facts.pinnedBy }
  if (facts.disks.some((disk) => disk.transient)) return { movable: false, code: 'dev.transient_disk' }
  for (const disk of facts.disks) {
    switch (disk.type) {
      case 'none':
      case 'network':
      case 'block':
        continue
      case 'file':
        if (disk.path !== null && isShared(disk.path)) continue
        break
      default: // vhostuser, nvme, dir, volume: tied to this host, or unknown
    }
    const removable = disk.device === 'cdrom' || disk.device === 'floppy'
    return { movable: false, code: removable ? 'dev.local_media' : 'dev.local_disk' }
  }
  // Passing, so after what lasts. A pull, or a commit below the top image, is refused as well; the XML does not show it.
  if (facts.disks.some((disk) => disk.mirrored)) return { movable: false, code: 'vm.job_active' }
  return { movable: true }
}

/**
 * Does a lock keep a second copy of this VM from running? Only if there is something to lock: no lock
 * guards a diskless VM, nor one with a writable network disk, which libvirt's lock managers do not take.
 */
export const diskLocked = (facts: DomainFacts, lock: DiskLock): boolean => {
  if (lock === 'none') return false
  if (facts.leases > 0) return true
  const written = facts.disks.filter((disk) => disk.type !== 'none' && !disk.readOnly)
  return (
    written.length > 0 &&
    written.every((disk) => !disk.shareable && (disk.type === 'file' || disk.type === 'block'))
  )
}
