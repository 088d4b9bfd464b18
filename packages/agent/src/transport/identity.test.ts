/** The identity key on disk: made once, kept private, never silently replaced. */
import assert from 'node:assert/strict'
import { chmodSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { hostIdOf, IdentityError, loadOrCreateIdentity } from './identity.ts'

const directory = mkdtempSync(join(tmpdir(), 'drover-identity-'))
after(() => rmSync(directory, { recursive: true }))

const codeOf = (code: string) => (error: unknown) =>
  error instanceof IdentityError && error.code === code && error.message.includes(directory)

test('a host keeps its name across restarts', async () => {
  // The first start makes the key, in a directory that does not exist yet; the second reads it.
  const path = join(directory, 'data', 'identity.key')
  const first = await loadOrCreateIdentity(path)
  const second = await loadOrCreateIdentity(path)
  assert.equal(hostIdOf(second), hostIdOf(first))
  assert.match(hostIdOf(first), /^12D3KooW/)
  assert.equal(statSync(path).mode & 0o777, 0o600)
  assert.deepEqual(readdirSync(join(directory, 'data')), ['identity.key'])
})

test('two agents that start at once agree on one key', async () => {
  const path = join(directory, 'race.key')
  const keys = await Promise.all([1, 2, 3, 4].map(() => loadOrCreateIdentity(path)))
  assert.equal(new Set(keys.map(hostIdOf)).size, 1)
})

test('a key that others can read is refused', async () => {
  // An operator restored a backup without its permissions.
  const path = join(directory, 'open.key')
  await loadOrCreateIdentity(path)
  chmodSync(path, 0o644)
  await assert.rejects(loadOrCreateIdentity(path), codeOf('identity.mode'))
})

test('a broken key is an error, not a new identity', async () => {
  const path = join(directory, 'broken.key')
  writeFileSync(path, 'not a key', { mode: 0o600 })
  await assert.rejects(loadOrCreateIdentity(path), codeOf('identity.broken'))
})

test('a key that cannot be read or written is an error that names the file', async () => {
  // The configured path leads through a file.
  const file = join(directory, 'file')
  writeFileSync(file, '')
  await assert.rejects(loadOrCreateIdentity(join(file, 'identity.key')), codeOf('identity.unreadable'))
})
