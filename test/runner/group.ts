/**
 * A process that runs test files, one after the other, and tells its parent what Node's test runner says of them. Its
 * arguments: how long one test may take, in ms, and the files.
 */
import { join } from 'node:path'
import { run } from 'node:test'
import type { TestEvent } from 'node:test/reporters'
import { type Done, type Report, reportOf } from './report.ts'

const main = (): void => {
  const send = process.send?.bind(process)
  if (send === undefined) throw new Error('test/run.ts starts this one')
  const colors = process.env['FORCE_COLOR'] !== undefined
  const tell = (report: Report, then?: () => void): void => {
    send(report, undefined, undefined, then)
  }
  let done: Done = { kind: 'done', counts: {}, success: false }
  // One file of Node's runner stands for all: what goes wrong while one of them loads is then a failed test, whereas the
  // runner forgets it when an earlier file has a test (Node 24.21).
  const files = [join(import.meta.dirname, 'group-files.ts')]
  const events = run({ files, isolation: 'none', concurrency: false, timeout: Number(process.argv[2]) })
  events.on('data', (event: TestEvent) => {
    const report = reportOf(event, colors)
    if (report?.kind === 'done') done = report
    else if (report !== null) tell(report)
  })
  // A test that fails before it closes what it opened must not keep its process for ever; what it has said must be heard.
  events.on('end', () => {
    const success = done.success && (process.exitCode ?? 0) === 0
    process.stdout.write('', () => tell({ ...done, success }, () => process.exit()))
  })
}

if (import.meta.main) main()
