/** The page of the local API has every route of it, and no other; its example of an error is what the API answers. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import type { Agent } from '../../packages/agent/src/agent-port.ts'
import { apiRoutesOf } from '../../packages/agent/src/api/routes.ts'
import { codeOf } from './markdown.ts'
import { root } from './paths.ts'

const page = readFileSync(join(root, 'docs/api.md'), 'utf8')
/** No route that is asked here reaches the agent. */
const app = apiRoutesOf({ agent: {} as Agent, metrics: async () => '' })

test('docs/api.md has every route of the local API, and no other', () => {
  const written = [...page.matchAll(/^\| `((?:GET|POST) \S+)` \|/gm)].map((row) => row[1] ?? '')
  const routes = app.routes
    .filter(({ method }) => method !== 'ALL')
    .map(({ method, path }) => `${method} ${path}`)
  assert.deepEqual(written.sort(), [...new Set(routes)].sort())
})

test('the error that docs/api.md shows is the answer to its request', async () => {
  const codes = codeOf(page)
  const body = codes
    .map(({ text }) => /--data '([^']+)'/.exec(text)?.[1])
    .find((found) => found !== undefined)
  const shown = codes.find(({ language }) => language === 'json')?.text ?? ''
  const headers = { 'content-type': 'application/json' }
  const response = await app.request('/v1/mode', { method: 'POST', body: body ?? '', headers })
  assert.equal(response.status, 400)
  assert.deepEqual(await response.json(), JSON.parse(shown))
})
