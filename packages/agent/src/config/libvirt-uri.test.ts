/** Operators write libvirt URIs as they know them from virsh: each leads to a socket, or to words that help. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parsePeerUri, parseUri } from './libvirt-uri.ts'

test('a local URI leads to the daemon’s socket, old style or new', () => {
  // Debian 12 runs one libvirtd; newer systems run one daemon per driver.
  const { transport, name } = parseUri('qemu:///system')
  assert.deepEqual(transport, {
    kind: 'unix',
    sockets: ['/run/libvirt/libvirt-sock', '/run/libvirt/virtqemud-sock'],
  })
  assert.equal(name, 'qemu:///system')
  for (const text of ['qemu+unix:///system?socket=/x/y.sock', 'qemu:///system?socket=/x/y.sock'])
    assert.deepEqual(parseUri(text).transport, { kind: 'unix', sockets: ['/x/y.sock'] })
})

test('a remote URI names host, port and transport; the daemon is asked for the local name', () => {
  // The part before :/// is for the client; the daemon would not understand it.
  const tcp = parseUri('qemu+tcp://10.0.0.7/system')
  assert.deepEqual(tcp.transport, { kind: 'tcp', host: '10.0.0.7', port: 16509 })
  assert.equal(tcp.name, 'qemu:///system')
  assert.deepEqual(parseUri('qemu+tcp://hv1.example:7/system').transport, {
    kind: 'tcp',
    host: 'hv1.example',
    port: 7,
  })
  assert.deepEqual(parseUri('qemu+tcp://[fd00::7]/system').transport, {
    kind: 'tcp',
    host: 'fd00::7',
    port: 16509,
  })
})

test('TLS takes its files from the configuration, the URI, or libvirt’s usual places, in this order', () => {
  const own = { ca: '/ca', cert: null, key: null }
  const pkiOf = (text: string, pki?: typeof own) => {
    const { transport } = parseUri(text, pki)
    return transport.kind === 'tls' ? transport.pki.ca : null
  }
  assert.equal(pkiOf('qemu+tls://h/system?pkipath=/p', own), '/ca')
  assert.equal(pkiOf('qemu+tls://h/system?pkipath=/p'), '/p/cacert.pem')
  assert.equal(pkiOf('qemu+tls://h/system'), '/etc/pki/CA/cacert.pem')
  // libvirt's rule: a host without a transport means TLS.
  assert.equal(parseUri('qemu://h/system').transport.kind, 'tls')
})

test('a URI that a socket cannot serve is refused with the reason', () => {
  // An operator pastes what virsh accepts; ssh is the usual one.
  for (const [text, words] of [
    ['qemu+ssh://root@h/system', /"ssh" is not supported/],
    ['qemu+tcp:///system', /names no host/],
    ['qemu:///session', /needs \?socket=/],
    ['nonsense', /no libvirt URI/],
    ['', /no libvirt URI/],
  ] as const)
    assert.throws(() => parseUri(text), words)
})

test('of another host only TCP and TLS are opened, and nothing that starts a program or names a file', () => {
  // A peer chose the text, and the daemon here would open it as root.
  const own = parseUri('qemu:///system')
  for (const text of ['qemu+tcp://10.0.0.8/system', 'qemu+tls://[fd00::7]:7/system', 'qemu://hv2/system'])
    assert.equal(parsePeerUri(text, own).name, 'qemu:///system')
  for (const text of [
    'qemu+ext:///system?command=/sbin/poweroff',
    'qemu+ext://h/system',
    'qemu+ssh://h/system',
    'qemu+unix:///system?socket=/run/x',
    'qemu:///system',
    'qemu+tls://h/system?no_verify=1',
    'qemu+tls://h/system?pkipath=/tmp',
    'qemu+tls://root@h/system',
    'qemu+tls://h/session',
    'qemu+tls://h/',
    'xen+tls://h/system',
    'qemu+tls://h/system#x',
    'qemu+tl\ns://h/system',
    '',
  ])
    assert.throws(() => parsePeerUri(text, own), TypeError, text)
})
