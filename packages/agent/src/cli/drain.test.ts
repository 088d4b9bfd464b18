/** A drain, as an operator at a terminal sees it: what is in the way, how far it is, and the exit code of its end. */
import assert from 'node:assert/strict'
import { afterEach, beforeEach, test } from 'node:test'
import { exampleVms } from '../../../protocol/src/outcome/example.ts'
import type { FakeAgent } from '../testing/fake-agent.ts'
import { linesOf, openTerminal, type Terminal } from '../testing/terminal.ts'

let terminal: Terminal
let agent: FakeAgent
beforeEach(async () => {
  terminal = await openTerminal()
  agent = terminal.agent
})
afterEach(() => terminal.close())

const run: Terminal['run'] = (line, whileRunning) => terminal.run(line, whileRunning)

test('a drain with a blocker is refused with the list; skipping it drains the rest and waits', async () => {
  // The story: gpu1 cannot leave; the operator decides that it may stay. The others leave one by one.
  const named = (...names: (keyof typeof exampleVms)[]) =>
    names.map((name) => ({ vm: exampleVms[name], name }))
  const blockers = [{ vm: exampleVms.gpu1, name: 'gpu1', code: 'dev.hostdev' }] as const
  const told = '1 VM cannot leave; nothing was started'
  agent.reply = async () => ({ kind: 'refused', code: 'drain.blocked', text: told, blockers })
  const refused = await run('drain')
  assert.equal(refused.exit, 5)
  assert.equal(
    refused.err,
    linesOf(
      'drain.blocked: 1 VM cannot leave; nothing was started',
      '  gpu1  6fa9ec24  dev.hostdev  It uses a device of the host (PCI, USB), which cannot travel.',
      '`--on-blocker skip` drains the others',
    ),
  )
  const leaving = named('db1', 'web1', 'web2')
  agent.reply = async () => ({ kind: 'drain', begun: false, leaving, blockers })
  const dry = await run('drain --dry-run')
  assert.equal(dry.exit, 0)
  assert.match(dry.out, /3 VMs would leave: db1, web1, web2/)
  const asked = agent.commands.length
  assert.equal((await run('drain rack1-b')).exit, 2)
  assert.equal(agent.commands.length, asked, 'nothing is asked for another host')

  agent.reply = async () => {
    agent.view = { ...agent.view, draining: true }
    return { kind: 'drain', begun: true, leaving, blockers }
  }
  // Each time that progress is told, one more VM has gone.
  const { exit, out, err } = await run('drain rack1-a --on-blocker skip', () => {
    const leaving = agent.view.vms.find((vm) => vm.fixed === null)
    agent.view = { ...agent.view, vms: agent.view.vms.filter((vm) => vm !== leaving) }
  })
  assert.equal(exit, 0)
  assert.match(err, /^3 VMs left, 0 moving, 1 cannot leave\n2 VMs left.*\n1 VM left.*\n$/)
  assert.match(out, /All that can leave has left; 1 VM stayed\.\n$/)
  assert.equal(terminal.interrupts.size, 0)
})

test('a host is not called empty when a VM became fixed while it was drained', async () => {
  // The story: nothing is in the way at first. The migration of db1 fails twice, and it stays.
  agent.view = { ...agent.view, vms: agent.view.vms.filter(({ name }) => name === 'db1') }
  agent.reply = async () => {
    agent.view = { ...agent.view, draining: true }
    return { kind: 'drain', begun: true, leaving: [{ vm: exampleVms.db1, name: 'db1' }], blockers: [] }
  }
  const { exit, out } = await run('drain', () => {
    agent.view = { ...agent.view, vms: agent.view.vms.map((vm) => ({ ...vm, fixed: 'vm.quarantined' })) }
  })
  assert.equal(exit, 0)
  assert.match(out, /All that can leave has left; 1 VM stayed\.\n$/)
})

test('neither the deadline nor Ctrl-C ends a drain, and both say so', async () => {
  // The story: the operator has to go; the drain must not stop because a terminal was closed.
  agent.view = { ...agent.view, vms: agent.view.vms.filter((vm) => vm.fixed === null) }
  agent.reply = async () => {
    agent.view = { ...agent.view, draining: true }
    return { kind: 'drain', begun: true, leaving: [], blockers: [] }
  }
  const late = await run('drain --deadline 20ms')
  assert.equal(late.exit, 6)
  assert.match(late.err, /not empty after 20 ms: db1, web1, web2 left; the drain goes on/)
  const interrupted = await run('drain', () => {
    for (const listener of terminal.interrupts) listener()
  })
  assert.equal(interrupted.exit, 130)
  assert.match(interrupted.err, /no longer waiting; the drain goes on/)
  assert.ok(agent.commands.every((command) => command.kind === 'drain'))
  assert.equal((await run('drain --detach')).exit, 0)
  agent.reply = async () => ({ kind: 'refused', code: 'mode.observe', text: 'mode is observe' })
  assert.deepEqual(await run('drain'), { exit: 5, out: '', err: 'refused: mode.observe: mode is observe\n' })
})
