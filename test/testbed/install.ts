/** Is everything there that `install.sh` brings? */
import { execFileSync } from 'node:child_process'
import { accessSync, constants, readFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'

/** The guest image and the files of running testbeds. */
export const cacheDir = process.env['DROVER_TESTBED_CACHE'] ?? '/var/tmp/drover-testbed'
export const guestKernel = join(cacheDir, 'guest/kernel')
export const guestInitrd = join(cacheDir, 'guest/initrd')

const commands = ['libvirtd', 'virsh', 'qemu-system-x86_64', 'ip', 'iptables', 'nsenter', 'unshare', 'bash']

/** What is missing for a testbed, in words for people; empty = ready. Quick; changes nothing. */
export function missing(): string[] {
  const found: string[] = []
  if (process.getuid?.() !== 0) found.push('root (namespaces, mounts)')
  for (const command of commands) if (!onPath(command)) found.push(command)
  const driver = '/usr/lib/x86_64-linux-gnu/libvirt/connection-driver/libvirt_driver_qemu.so'
  if (!readable(driver)) found.push("libvirt's QEMU driver")
  if (!/^libvirt-qemu:/m.test(read('/etc/passwd') ?? '')) found.push('the user libvirt-qemu')
  if (!readable(guestKernel) || !readable(guestInitrd)) found.push(`the guest image in ${cacheDir}`)
  else if (read(join(cacheDir, 'guest/stamp'))?.trim() !== wantedStamp())
    found.push('an up-to-date guest image')
  return found
}

function wantedStamp(): string {
  return execFileSync('/bin/bash', [join(import.meta.dirname, 'install.sh'), 'stamp'], {
    encoding: 'utf8',
  }).trim()
}

function onPath(command: string): boolean {
  const path = `${process.env['PATH'] ?? ''}${delimiter}/usr/sbin${delimiter}/sbin`
  return path.split(delimiter).some((dir) => readable(join(dir, command)))
}

function readable(path: string): boolean {
  try {
    accessSync(path, constants.R_OK)
    return true
  } catch {
    return false
  }
}

function read(path: string): string | null {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return null
  }
}
