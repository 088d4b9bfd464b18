/**
 * A host that only schedules has no simulator: `drover` lists it all the same, says where to get it when it is asked for,
 * and loads nothing of it for any other command.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CliFailure } from './exit.ts'
import { processIo } from './io.ts'
import { programOf } from './main.ts'
import { simPlaceholder } from './sim.ts'

test('where the simulator is not installed it is listed, and says how to get it', async () => {
  const program = programOf(processIo(), [simPlaceholder()])
  assert.match(program.helpInformation(), /\n {2}sim .*simulate clusters: run, compare/)
  await assert.rejects(
    program.parseAsync(['sim', 'run', 'x.toml', '--seed', '3'], { from: 'user' }),
    (error) => error instanceof CliFailure && /not installed: npm install @drover\/sim/.test(error.message),
  )
})
