/** What ties a VM to its host, what guards its disks, and what its owner set, as its XML tells. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { diskLocked, movable, parseCpuBaseline, parseDomainXml } from './domain-xml.ts'

/** Taken from `virsh dumpxml` of libvirt 9.0.0, shortened; `devices` and `metadata` are what each story is about. */
const domain = (devices: string, metadata = ''): string => `<domain type='qemu' id='1'>
  <name>vm1</name>
  <uuid>ac02535e-ac84-4f51-be77-1e291ebb7c23</uuid>
  ${metadata}
  <memory unit='KiB'>131072</memory>
  <vcpu placement='static'>1</vcpu>
  <devices>
    <emulator>/usr/bin/qemu-system-x86_64</emulator>
    <controller type='pci' index='0' model='pci-root'>
      <alias name='pci.0'/>
    </controller>
    <serial type='pty'>
      <source path='/dev/pts/0'/>
      <target type='isa-serial' port='0'/>
    </serial>
    <memballoon model='virtio'>
      <stats period='1'/>
      <address type='pci' domain='0x0000' bus='0x00' slot='0x02' function='0x0'/>
    </memballoon>
    ${devices}
  </devices>
  <seclabel type='dynamic' model='dac' relabel='yes'>
    <label>+0:+0</label>
  </seclabel>
</domain>
`

const disk = (source: string, rest = '', device = 'disk', type = 'file'): string =>
  `<disk type='${type}' device='${device}'><driver name='qemu' type='raw' cache='none'/>${source}<target dev='vda' bus='virtio'/>${rest}</disk>`
const onNfs = disk(`<source file='/mnt/nfs/a &amp; b.img' index='1'/>`)
const onLocal = disk(`<source file='/var/lib/libvirt/images/a.img'/>`)
const onCeph = disk(
  `<source protocol='rbd' name='pool/a'><host name='m1' port='6789'/></source>`,
  '',
  'disk',
  'network',
)
const onSan = disk(`<source dev='/dev/mapper/lun7'/>`, '', 'disk', 'block')
const isShared = (path: string): boolean => path.startsWith('/mnt/nfs/')
const verdict = (devices: string): string => {
  const found = movable(parseDomainXml(domain(devices)), isShared)
  return found.movable ? 'movable' : found.code
}

test('a VM moves if nothing of it stays behind', () => {
  assert.equal(verdict(''), 'movable')
  assert.equal(verdict(onNfs), 'movable')
  assert.equal(verdict(onCeph + onSan), 'movable')
  assert.equal(verdict(disk('', '<readonly/>', 'cdrom')), 'movable')
  assert.equal(verdict(`<tpm model='tpm-crb'><backend type='emulator' version='2.0'/></tpm>`), 'movable')
})

test('the reason why a VM stays is the first thing that ties it to the host', () => {
  assert.equal(verdict(onNfs + onLocal), 'dev.local_disk')
  assert.equal(verdict(disk(`<source file='/srv/install.iso'/>`, '<readonly/>', 'cdrom')), 'dev.local_media')
  assert.equal(
    verdict(disk(`<source type='unix' path='/run/vhost'/>`, '', 'disk', 'vhostuser')),
    'dev.local_disk',
  )
  assert.equal(verdict(`<hostdev mode='subsystem' type='pci' managed='yes'/>`), 'dev.hostdev')
  assert.equal(
    verdict(`<interface type='hostdev'><mac address='52:54:00:00:00:01'/></interface>`),
    'dev.hostdev',
  )
  assert.equal(verdict(`<filesystem type='mount'><source dir='/srv'/></filesystem>`), 'dev.filesystem')
  assert.equal(
    verdict(`<tpm><backend type='passthrough'><device path='/dev/tpm0'/></backend></tpm>`),
    'dev.tpm',
  )
  assert.equal(verdict(`<shmem name='x'/>`), 'dev.shmem')
  assert.equal(verdict(`<memory model='nvdimm'/>`), 'dev.nvdimm')
  assert.equal(verdict(`<serial type='dev'><source path='/dev/ttyS0'/></serial>`), 'dev.chardev')
})

test('what libvirt refuses to migrate for other reasons than devices stays, and nothing else does', () => {
  // Each tried with libvirt 9.0.0, or read in its qemuMigrationSrcIsAllowed.
  const mirror = `<mirror type='file' file='/mnt/nfs/copy.qcow2' format='qcow2' job='copy'><source file='/mnt/nfs/copy.qcow2'/></mirror>`
  const shared = `<source file='/mnt/nfs/a.img'/>`
  assert.equal(verdict(onNfs + disk(shared, mirror)), 'vm.job_active')
  assert.equal(
    verdict(disk(shared, mirror.replace("job='copy'", "job='active-commit' ready='yes'"))),
    'vm.job_active',
  )
  assert.equal(verdict(disk(shared, mirror) + onLocal), 'dev.local_disk', 'what lasts is said first')
  assert.equal(verdict(disk(shared, '<transient/>')), 'dev.transient_disk')
  const backing = `<backingStore type='file'><format type='qcow2'/><source file='/mnt/nfs/base.img'/></backingStore>`
  assert.equal(verdict(disk(shared, backing)), 'movable', 'left by a snapshot without a record')

  const withCpu = (cpu: string, timer: string): string => {
    const xml = domain('').replace(
      '<devices>',
      `<cpu>${cpu}</cpu><clock offset='utc'>${timer}</clock><devices>`,
    )
    const found = movable(parseDomainXml(xml), isShared)
    return found.movable ? 'movable' : found.code
  }
  const invariant = `<feature policy='require' name='invtsc'/>`
  assert.equal(withCpu(invariant, `<timer name='hpet' present='no'/>`), 'cpu.invariant_tsc')
  assert.equal(withCpu(invariant, `<timer name='tsc' frequency='2600000000'/>`), 'movable')
  assert.equal(withCpu(`<feature policy='disable' name='invtsc'/>`, ''), 'movable')
})

test('a disk lock counts only if it guards every disk that is written', () => {
  // Rule R2: without it, the copy at the destination waits until the source is known to be gone.
  const locked = (devices: string) => diskLocked(parseDomainXml(domain(devices)), 'lockd')
  assert.equal(locked(onNfs), true)
  assert.equal(locked(onNfs + onSan), true)
  assert.equal(locked(onNfs + disk(`<source file='/x.iso'/>`, '<readonly/>', 'cdrom')), true)
  assert.equal(locked(onNfs + onCeph), false)
  assert.equal(locked(disk(`<source file='/mnt/nfs/shared.img'/>`, '<shareable/>')), false)
  assert.equal(locked(''), false) // nothing to lock: nothing keeps a second copy from running
  assert.equal(locked(`${onCeph}<lease><key>k</key></lease>`), true)
  assert.equal(diskLocked(parseDomainXml(domain(onNfs)), 'none'), false)
})

test('settings are read from drover’s own namespace, whatever its prefix, and from no other', () => {
  const settings = (metadata: string) =>
    parseDomainXml(domain('', `<metadata>${metadata}</metadata>`)).settings
  const own = 'xmlns:d="https://drover.dev/ns/vm/1"'
  assert.deepEqual(settings(`<d:vm ${own} balance="never"><d:group>a &lt; b</d:group><d:empty/></d:vm>`), {
    balance: 'never',
    group: 'a < b',
    empty: '',
  })
  assert.deepEqual(settings(`<vm xmlns="https://drover.dev/ns/vm/1" vjob="7"/>`), { vjob: '7' })
  assert.deepEqual(
    settings(`<x:vm xmlns:x="http://openstack.org/xmlns/libvirt/nova/1.1" balance="never"/>`),
    {},
  )
  assert.deepEqual(settings(''), {})
})

test('XML that is no domain is an error, not an empty VM', () => {
  // An empty VM would be "movable".
  assert.throws(() => parseDomainXml('<network/>'))
  assert.throws(() => parseDomainXml(''))
})

test('hosts with the same CPU have the same baseline', () => {
  const xml = `<capabilities>\n  <host>\n    <uuid>0</uuid>\n    <cpu>\n      <arch>x86_64</arch>\n      <model>Broadwell</model>
      <vendor>Intel</vendor>\n      <feature name='vme'/>\n    </cpu>\n  </host>\n</capabilities>`
  assert.equal(parseCpuBaseline(xml), 'x86_64/Broadwell')
  assert.equal(parseCpuBaseline('<capabilities><host/></capabilities>'), 'unknown/unknown')
})
