/**
 * The libvirt driver's public page.
 *
 *     const hypervisor = createLibvirtHypervisor({ uri: 'qemu:///system', migrationUri: 'qemu+tcp://10.0.0.7/system' })
 *     hypervisor.events((event) => console.log(event))
 *     hypervisor.open()
 */

export type { PkiPaths } from '../../config/libvirt-uri.ts'
export type { DiskLock } from './domain-xml.ts'
export { settingsNamespace } from './domain-xml.ts'
export { createLibvirtHypervisor } from './driver.ts'
export type { LibvirtOptions } from './libvirt-options.ts'
