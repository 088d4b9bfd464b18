/** Operators read cores and GiB, never the code's units. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { amountText, coresText, dimensionText, memoryText } from './names.ts'

test('Amounts are told in the units of people, and different amounts read differently', () => {
  assert.deepEqual(
    [0, 1, 999, 1_000, 1_055, 16_000].map((milli) => amountText('cpuMilli', milli)),
    ['0 cores', '0.001 cores', '0.999 cores', '1 core', '1.055 cores', '16 cores'],
  )
  assert.deepEqual(
    [1, 10_239, 10_240, 10_241, 12_800].map((mib) => amountText('memoryMiB', mib)),
    ['1 MiB', '10239 MiB', '10 GiB', '10.001 GiB', '12.5 GiB'],
  )
  assert.deepEqual(
    [amountText('gpu', 3), dimensionText('gpu'), dimensionText('memoryMiB')],
    ['3 gpu', 'gpu', 'memory'],
  )
})

test('Tables round: two decimals of a core, one of a GiB', () => {
  assert.deepEqual(
    [1_234, 1_000].map((milli) => coresText(milli)),
    ['1.23 cores', '1 core'],
  )
  assert.equal(memoryText(10_241), '10 GiB')
})
