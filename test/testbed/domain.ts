/** The libvirt description of a guest. Pure. */

export interface GuestOptions {
  readonly memoryMiB?: number // 96; the kernel needs about 64
  readonly vcpus?: number // 1
  /** Keep every vCPU busy, percent of the time. Default 0. */
  readonly load?: number
  /** Memory rewritten by the guest, MiB/s, about. Default 0. */
  readonly dirty?: number
  /** Incompressible memory in use, MiB. Default 0. */
  readonly hold?: number
  /** Defined on its host, and not only until it stops. Default false. */
  readonly persistent?: boolean
  /** XML for the <metadata> element, e.g. drover's settings. */
  readonly metadata?: string
}

export interface DomainInit extends GuestOptions {
  readonly name: string
  readonly uuid: string
  readonly kernel: string
  readonly initrd: string
  /** The serial log; the same path on all hosts, so that every copy of the guest writes into the same file. */
  readonly log: string
}

/** Where a guest's console listens, as its host sees it. Gone with the host's /run when it loses power. */
export function consolePath(name: string): string {
  return `/run/guest/${name}.sock`
}

/**
 * Emulated, not KVM: a /dev/kvm that opens need not be one that an unmodified kernel boots on.
 * clocksource=acpi_pm: on a busy machine the guest may measure the frequency of its TSC wrongly, and its clock with it.
 * nowatchdog, rcu_cpu_stall_suppress: there the guest's kernel would tell its console that its CPU was stuck.
 * A console on a socket, not a pty: QEMU looks only once per second whether its pty was opened.
 */
export function domainXml(init: DomainInit): string {
  const { name, uuid, kernel, initrd, log, memoryMiB = 96, vcpus = 1, load = 0, dirty = 0, hold = 0 } = init
  if (!/^[a-z0-9][a-z0-9-]{0,30}$/.test(name)) throw new RangeError(`not a guest name: ${name}`)
  const cmdline =
    'console=ttyS0 quiet panic=-1 nokaslr no_timer_check clocksource=acpi_pm mitigations=off ' +
    'nowatchdog rcupdate.rcu_cpu_stall_suppress=1 ' +
    `name=${name} load=${load} dirty=${dirty} hold=${hold}`
  return `<domain type='qemu'>
  <name>${name}</name>
  <uuid>${uuid}</uuid>${init.metadata === undefined ? '' : `\n  <metadata>${init.metadata}</metadata>`}
  <memory unit='MiB'>${memoryMiB}</memory>
  <vcpu>${vcpus}</vcpu>
  <os>
    <type arch='x86_64' machine='pc'>hvm</type>
    <kernel>${kernel}</kernel>
    <initrd>${initrd}</initrd>
    <cmdline>${cmdline}</cmdline>
  </os>
  <features><acpi/><tcg><tb-cache unit='MiB'>16</tb-cache></tcg></features>
  <cpu mode='custom' match='exact'><model>qemu64</model></cpu>
  <devices>
    <emulator>/usr/bin/qemu-system-x86_64</emulator>
    <controller type='usb' model='none'/>
    <serial type='unix'>
      <source mode='bind' path='${consolePath(name)}'/>
      <log file='${log}' append='on'/>
    </serial>
    <memballoon model='virtio'><stats period='1'/></memballoon>
  </devices>
</domain>
`
}
