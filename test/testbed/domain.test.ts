/** What a test asks of a guest stands in its libvirt description, and nothing that it did not ask for. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { domainXml } from './domain.ts'

const init = { name: 'vm1', uuid: 'u', kernel: '/k', initrd: '/i', log: '/l' }

test('a guest is described with what was asked for', () => {
  const xml = domainXml({ ...init, memoryMiB: 128, vcpus: 2, load: 50, dirty: 5, hold: 20 })
  assert.match(xml, /<memory unit='MiB'>128<\/memory>/)
  assert.match(xml, /<vcpu>2<\/vcpu>/)
  assert.match(xml, / name=vm1 load=50 dirty=5 hold=20</)
  assert.doesNotMatch(xml, /metadata/)
  // "mem=" would be read by the kernel, which then has too little memory to boot
  assert.doesNotMatch(xml, /\bmem=/)
})

test("drover's settings go into the metadata", () => {
  assert.match(
    domainXml({ ...init, metadata: '<a:b xmlns:a="c"/>' }),
    /<metadata><a:b xmlns:a="c"\/><\/metadata>/,
  )
})

test('a name that would break the description, or the path of its socket, is refused', () => {
  for (const name of ['', 'a b', '<', 'A', 'x'.repeat(32), '../x']) {
    assert.throws(() => domainXml({ ...init, name }), RangeError)
  }
})
