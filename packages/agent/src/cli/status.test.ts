/** What an operator has to see on the one screen of `drover status`, for as long as it lasts. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { asVmId } from '@drover/protocol'
import type { StatusAnswer } from '../api/client.ts'
import { fakeAgent } from '../testing/fake-agent.ts'
import { renderStatus } from './status.ts'

test('an alarm is on the screen: what, for how long, and which VM', () => {
  const alarm = {
    code: 'vm.paused_by_migration',
    text: 'VM web9 is paused here as a migration left it, and no action accounts for it',
    vm: asVmId('web9'),
    sinceMs: 600_000,
  } as const
  const agent = fakeAgent()
  agent.view = { ...agent.view, alarms: [alarm] }
  const status: StatusAnswer = { ...agent.status(), schemaVersion: 1, version: '0.1.0' }
  assert.match(
    renderStatus(status, 0, (_, text) => text),
    /\n {2}ALARM +vm\.paused_by_migration, for 10 min: VM web9 is paused here/,
  )
})
