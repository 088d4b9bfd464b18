// A short form of `npm run fuzz`: no input makes drover throw or show a stack trace. What it costs is not judged by a test.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fuzz } from './fuzz.ts'
import { loadTarget, targetNames } from './targets.ts'

for (const name of targetNames)
  test(`no input of ${name} makes drover throw`, async () => {
    const target = await loadTarget(name)
    const order = {
      seed: 1,
      from: 0,
      runs: target.shortRuns,
      passMs: Number.POSITIVE_INFINITY,
      timed: false,
      out: null,
    }
    try {
      const { kept } = await fuzz(target, order)
      assert.deepEqual(
        kept.map(({ index, what }) => `${index}: ${what}`),
        [],
      )
    } finally {
      await target.end?.()
    }
  })
