/** Loads the test files of a group: `group.ts` gives this one to Node's test runner. */
import { resolve } from 'node:path'
import { after, test } from 'node:test'
import { pathToFileURL } from 'node:url'

for (const path of process.argv.slice(3))
  try {
    await import(pathToFileURL(resolve(path)).href)
  } catch (error) {
    test(`${path} can be loaded`, () => {
      throw error
    })
  }

// Node's runner closes its books when nothing is left to wait for. A test that fails before it closes what it opened would
// keep it waiting for ever, so it is told when the last test and the last hook of a file have ended.
after(() => {
  setImmediate(() => process.emit('beforeExit', 0))
})
