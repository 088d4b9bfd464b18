/**
 * Files of VMs lie on storage that all hosts see, or on this host only. The server of a network file system may be gone: then a thread that
 * asks it stands still, and the agent must not.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createSharedStorage } from './shared-storage.ts'

const nfs = 0x6969
const ext4 = 0xef53

/** A kernel: the type of each path, or none: it never answers. */
const kernel = (types: Record<string, number | 'silent' | 'gone'>) => {
  const asked: string[] = []
  const warned: string[] = []
  let nowMs = 0
  const storage = createSharedStorage({
    sharedPaths: ['/srv/vms'],
    local: true,
    warn: (message) => warned.push(message),
    now: () => nowMs,
    typeOf(path) {
      asked.push(path)
      const type = types[path]
      if (type === 'silent') return new Promise(() => {})
      return typeof type === 'number' ? Promise.resolve(type) : Promise.reject(new Error('ENOENT'))
    },
  })
  const passes = (ms: number): void => {
    nowMs += ms
  }
  return { storage, types, asked, warned, passes }
}

test('a file is shared by what its file system is, or by what the operator says', async () => {
  const { storage, asked } = kernel({ '/nfs/a': nfs, '/disk/b': ext4, '/disk/c': 'gone' })
  const paths = ['/nfs/a', '/disk/b', '/disk/c', '/srv/vms/d', '/nfs/a']
  assert.equal(storage.isShared('/nfs/a'), false, 'not looked at yet')
  await storage.learn(paths)
  assert.deepEqual(paths.map(storage.isShared), [true, false, false, true, true])
  await storage.learn(paths)
  assert.deepEqual(asked, ['/nfs/a', '/disk/b', '/disk/c'], 'each once')
})

test('a file is looked at again after a minute, and forgotten with its VM', async () => {
  const { storage, types, asked, passes } = kernel({ '/mnt/a': ext4 })
  await storage.learn(['/mnt/a'])
  types['/mnt/a'] = nfs // it has been mounted
  passes(59_000)
  await storage.learn(['/mnt/a'])
  assert.equal(storage.isShared('/mnt/a'), false)
  passes(2_000)
  await storage.learn(['/mnt/a'])
  assert.equal(storage.isShared('/mnt/a'), true)
  await storage.learn([])
  assert.equal(storage.isShared('/mnt/a'), false)
  assert.equal(asked.length, 2)
})

test('a server that is gone is waited for once, and what was known of its files stands', async () => {
  const { storage, types, asked, warned, passes } = kernel({ '/nfs/a': nfs, '/nfs/b': nfs, '/disk/c': ext4 })
  const paths = ['/nfs/a', '/nfs/b', '/disk/c']
  await storage.learn(paths)
  types['/nfs/a'] = 'silent'
  let waitedMs = 0
  for (let look = 0; look < 100; look += 1) {
    passes(61_000)
    const startedMs = performance.now()
    await storage.learn(paths)
    if (look > 0) waitedMs += performance.now() - startedMs
  }
  // Half a second each time would be 50 s.
  assert.ok(waitedMs < 20_000, `not waited for again: ${waitedMs.toFixed()} ms`)
  assert.deepEqual(paths.map(storage.isShared), [true, true, false])
  assert.deepEqual(asked.slice(3), ['/nfs/a'], 'one question, and one thread, for all that time')
  assert.equal(warned.length, 1)
})

test("files of a remote daemon's host cannot be looked at from here", async () => {
  const storage = createSharedStorage({ sharedPaths: ['/srv/vms/'], local: false, warn: () => {} })
  await storage.learn(['/', '/srv/vms/a'])
  assert.deepEqual(['/', '/srv/vms/a', '/srv/vms2/a'].map(storage.isShared), [false, true, false])
})
