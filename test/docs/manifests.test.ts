/** What a package's manifest says is what people find it by, and what would be published of it. */
import assert from 'node:assert/strict'
import { existsSync, globSync, readFileSync } from 'node:fs'
import { join, matchesGlob } from 'node:path'
import { test } from 'node:test'
import { isTest, isTestSupport } from '../tidy/source.ts'

const root = join(import.meta.dirname, '../..')
const manifests = globSync('packages/*/package.json', { cwd: root }).map((path) => ({
  folder: path.slice(0, -'/package.json'.length),
  manifest: JSON.parse(readFileSync(join(root, path), 'utf8')) as {
    readonly name: string
    readonly description?: string
    readonly keywords?: readonly string[]
    readonly license?: string
    readonly files?: readonly string[]
  },
}))

/** Authors of hypervisor drivers run it. */
const forDrivers = (path: string): boolean => /^src\/hypervisor\/compliance(?:-stage)?\.ts$/.test(path)

test('every package says what it is, by which words it is found, and its licence as SPDX has it', () => {
  assert.equal(manifests.length, 4)
  for (const { manifest } of manifests) {
    assert.ok((manifest.description ?? '').length > 20, manifest.name)
    assert.ok((manifest.keywords ?? []).length >= 5, manifest.name)
    assert.equal(manifest.license, 'Apache-2.0', manifest.name)
  }
})

test('no package would publish its tests', () => {
  for (const { folder, manifest } of manifests) {
    const all = manifest.files ?? ['**']
    const taken = (path: string): boolean =>
      all.reduce((is, one) => {
        const pattern = one.replace(/^!/, '')
        const fits = matchesGlob(path, pattern) || matchesGlob(path, `${pattern}/**`)
        return fits ? !one.startsWith('!') : is
      }, false)
    const sources = globSync('src/**/*.ts', { cwd: join(root, folder) })
    const tests = sources.filter(
      (path) => !forDrivers(path) && (isTest(`${folder}/${path}`) || isTestSupport(`${folder}/${path}`)),
    )
    assert.ok(tests.length > 0 && taken('src/index.ts') && existsSync(join(root, folder, 'src/index.ts')))
    assert.deepEqual(tests.filter(taken), [], manifest.name)
  }
})
