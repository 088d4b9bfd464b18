/** A peer names where its hypervisor is reached, and libvirtd opens that as root: nothing passes that could do more than connect. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { isMigrationUri, peerUri, quoted, uriTrouble } from './peer-uri.ts'

const own = 'qemu+tls://hv1.example/system'

test('another host on the same transport is opened, by name or address, with or without a port', () => {
  for (const uri of [
    'qemu+tls://hv2.example/system',
    'qemu+tls://10.0.0.7/system',
    'qemu+tls://[fd00::7]:16514/system',
    'QEMU+TLS://hv_2:1/system',
  ])
    assert.equal(uriTrouble(own, uri), null, uri)
})

test('a URI that runs a program, or names a file, a user or another path, is not opened', () => {
  for (const uri of [
    'qemu+ext:///system?command=/sbin/poweroff',
    'qemu+ext://h/system',
    'qemu+ssh://root@h/system?command=/x.sh',
    'qemu+ssh://h/system',
    'qemu+libssh://h/system?keyfile=/etc/shadow',
    'qemu+libssh2://h/system',
    'qemu+unix:///system?socket=/run/x.sock',
    'qemu:///system',
    'qemu+tls:///system',
    'qemu+tls://h/system?command=/x',
    'qemu+tls://h/system?no_verify=1',
    'qemu+tls://h/system?pkipath=/tmp',
    'qemu+tls://h/system?',
    'qemu+tls://h/system#x',
    'qemu+tls://root@h/system',
    'qemu+tls://root:secret@h/system',
    'qemu+tls://-oProxyCommand=x/system',
    'qemu+tls://h:0/system',
    'qemu+tls://h:65536/system',
    'qemu+tls://h:x/system',
    'qemu+tls://h/session',
    'qemu+tls://h/embed?root=/',
    'qemu+tls://h/system/../session',
    'qemu+tls://h/%73ystem',
    'qemu+tls://h',
    'test+tls://h/system',
    'qemu+tcp://h/system',
    'qemu+tls://h/system\n',
    'qemu+tls://h\t/system',
    ' qemu+tls://h/system',
    'qemu+tls://h\\@x/system',
    `qemu+tls://${'h'.repeat(300)}/system`,
    'constructor',
    '',
  ])
    assert.notEqual(uriTrouble(own, uri), null, uri)
})

test('a host on plain TCP may go to one on TLS; a host on TLS never to one on TCP', () => {
  assert.equal(uriTrouble('qemu+tcp://a/system', 'qemu+tls://b/system'), null)
  assert.equal(uriTrouble('qemu+tcp://a/system', 'qemu+tcp://b/system'), null)
  assert.notEqual(uriTrouble(own, 'qemu+tcp://b/system'), null)
})

test('another driver may have another scheme', () => {
  assert.equal(uriTrouble('sim://h1', 'sim://h2'), null)
  assert.notEqual(uriTrouble('sim://h1', 'sim://h2/system'), null)
  assert.notEqual(uriTrouble('sim://h1', 'qemu+tls://h2/system'), null)
  assert.notEqual(
    uriTrouble('', 'qemu+tls://h2/system'),
    null,
    'with nothing to compare it with, nothing is opened',
  )
})

test('a host is reached only at the URI that it announces to all', () => {
  const uri = 'qemu+tls://hv2/system'
  assert.equal(peerUri(own, null, uri), uri, 'one on record, of a host that is not heard any more')
  assert.equal(typeof peerUri(own, '', uri), 'object', 'one that announces none')
  assert.equal(peerUri(own, uri, uri), uri)
  assert.equal(typeof peerUri(own, 'qemu+tls://hv3/system', uri), 'object')
  const bad = 'qemu+ext:///system?command=/x'
  assert.equal(typeof peerUri(own, bad, bad), 'object', 'to announce it does not make it better')
})

test('whatever is tried, a URI that passes is like the own one but for host and port', () => {
  const piece = fc.constantFrom(
    'qemu',
    '+',
    'tls',
    'ext',
    'ssh',
    ':',
    '/',
    '//',
    '@',
    '?',
    '#',
    '%2f',
    'h',
    '.',
    '-',
    '1',
    '[',
    ']',
    'system',
    'command=',
    '\n',
    '\\',
    ' ',
  )
  const uri = fc.oneof(
    fc.array(piece, { maxLength: 12 }).map((parts) => parts.join('')),
    fc.array(piece, { maxLength: 8 }).map((parts) => `qemu+tls://${parts.join('')}/system`),
    fc.string().map((text) => `qemu+tls://h${text}`),
  )
  fc.assert(
    fc.property(uri, (text) => {
      if (uriTrouble(own, text) !== null) return
      assert.match(text, /^qemu\+tls:\/\/[^/?#@%\s\\]+\/system$/i)
      assert.ok(isMigrationUri(text))
      // An address like [1:2] leads nowhere; it is no danger.
      if (!URL.canParse(text)) return
      const { hostname, pathname, search, hash, username } = new URL(text)
      assert.deepEqual([hostname === '', pathname, search, hash, username], [false, '/system', '', '', ''])
    }),
    { numRuns: 3_000 },
  )
})

test('a URI in a message for people cannot forge lines', () => {
  assert.equal(quoted('a\n\u001b[31mb\u0085\u202e'), '"a\\n\\u001b[31mb??"')
  assert.ok(quoted('x'.repeat(1_000)).length < 90)
})
