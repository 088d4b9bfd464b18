/** How libvirt names a VM on the wire: name, UUID, and a number while it is active. */
import { asVmId, type VmId } from '@drover/protocol'
import { textBytesMax } from './told-bounds.ts'
import type { XdrReader, XdrWriter } from './xdr.ts'

const uuidBytes = 16

export interface Domain {
  /** '' = not believed. libvirt goes by the UUID. */
  readonly name: string
  readonly vm: VmId
  /** New at each start on a host; -1 while the VM is not active. */
  readonly id: number
}

export const uuidToBytes = (vm: string): Buffer => {
  const bytes = Buffer.from(vm.replaceAll('-', ''), 'hex')
  if (bytes.length !== uuidBytes) throw new TypeError(`a VM is named by its UUID, not by "${vm}"`)
  return bytes
}

export const uuidFromBytes = (bytes: Buffer): VmId => {
  const hex = bytes.toString('hex')
  const parts = [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)]
  return asVmId(parts.join('-'))
}

export const writeUuid = (writer: XdrWriter, vm: VmId): void => writer.fixed(uuidToBytes(vm))

export const writeDomain = (writer: XdrWriter, domain: Domain): void => {
  writer.string(domain.name)
  writeUuid(writer, domain.vm)
  writer.int(domain.id)
}

export const readDomain = (reader: XdrReader): Domain => ({
  name: reader.text('the name of a VM', textBytesMax.vmName) ?? '',
  vm: uuidFromBytes(reader.fixed(uuidBytes)),
  id: reader.int(),
})
