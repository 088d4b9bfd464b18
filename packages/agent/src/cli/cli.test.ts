/** An operator at a terminal, against a fake agent: what each command prints, and the exit code that a script sees. */
import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, test } from 'node:test'
import type { DecisionResult, ReasonCode } from '@drover/protocol'
import {
  exampleDecision,
  exampleHosts,
  exampleMove,
  exampleVms,
} from '../../../protocol/src/outcome/example.ts'
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

test('status fits one screen', async () => {
  // The story: woken at night, one look.
  const { exit, out } = await run('status')
  assert.equal(exit, 0)
  assert.equal(
    out,
    linesOf(
      'rack1-a  11rack1A  drover 0.1.0, up 3 h',
      '  health      ok',
      '  mode        observe: decides, moves nothing (`drover mode auto` lets it act)',
      '  hypervisor  libvirt 9.0.0, QEMU 7.2.22, connected',
      '  cpu         4.6 of 4 cores (115 %) usable',
      '  memory      9216 MiB of 18 GiB (50 %) usable',
      '  overload    for 61 s',
      '  VMs         4, 1 of them cannot move',
      '  ring        place 1 of 6, 4 others alive, 4 connected; neighbours rack1-b, rack3-b',
      '  newest      overload.cpu would (mode.observe): one migration would cure it  [11rack1A.12.7]',
      '  warning     vm.paused_in_doubt: web9 waits for an answer of rack2-b',
    ),
  )
  assert.equal((await run('status --strict')).exit, 7)
  agent.view = { ...agent.view, able: false, troubles: ['hypervisor.unreachable'] }
  agent.hypervisorConnected = false
  const ill = await run('status --strict')
  assert.equal(ill.exit, 1)
  assert.match(ill.out, /not connected: connection refused/)
  assert.equal((await run('status --wait --timeout 30ms')).exit, 6)
})

test('explain answers first, then gives one line per host with code and number', async () => {
  // The story: "why is web1 still here?", asked at 3 a.m.
  const { exit, out } = await run('explain web1')
  assert.equal(exit, 0)
  assert.equal(
    out,
    linesOf(
      'VM web1  6fa9ec21',
      'mode.observe  The host is overloaded; it would be moved, but nothing is moved in this mode.',
      '  running on rack1-a, wants 1.5 cores, 2048 MiB',
      '',
      'Could it go to …',
      '  rack1-b  yes               has room: 3 cores, 14 GiB free (heard 1.2 s ago); rules are checked when it is planned',
      '  rack2-a  capacity.cpu      0.1 cores free of 4 cores, 1.5 cores wanted',
      '  rack2-b  host.suspect      last heard 7.4 s ago',
      '  rack3-a  host.draining     is draining, with 3 VMs left',
      '  rack3-b  cpu.incompatible  has x86_64/Haswell, the VM has seen x86_64/EPYC-Rome',
      '',
      'Decisions, newest first',
      '  2026-11-22T21:30:05Z  11rack1A.12.7  overload.cpu  would (mode.observe)  1 planned  one migration would cure it',
    ),
  )
  // Every id of a table can be pasted back.
  assert.match((await run('explain 11rack1A.12.7')).out, /^decision {2}11rack1A\.12\.7/)
  assert.match((await run('explain vm 6fa9ec24')).out, /^VM gpu1.*\ndev\.hostdev {2}Cannot be moved/)
  assert.match((await run('explain 1rack1B')).out, /^Host rack1-b/)
  assert.match((await run('explain')).out, /^Host rack1-a.*this host/)
  assert.match((await run('explain host')).out, /^Host rack1-a/)

  const many = await run('explain 6fa9ec2')
  assert.equal(many.exit, 2)
  assert.match(many.err, /may mean: vm 6fa9ec21.*\(web1\)/)
  assert.equal((await run('explain nobody')).exit, 1)
  assert.equal((await run('explain elephant web1')).exit, 2)
})

test('a plan shows its steps, the load before and after, and the VMs that stayed', async () => {
  // The story: look before you leap, then `mode auto`.
  agent.reply = async () => ({ kind: 'ok', text: '', decision: exampleDecision.id })
  const { exit, out } = await run('plan')
  assert.equal(exit, 0)
  assert.equal(
    out,
    linesOf(
      'decision  11rack1A.12.7',
      'why       overload.cpu: demand 4.6 cores of 4 cores usable, for 61.0 s',
      'by        rack1-a, mode observe, with 2 hosts',
      'result    would mode.observe: one migration would cure it',
      '',
      'Steps',
      '  1.  web1  rack1-a → rack1-b  1.5 cores, 2048 MiB  not started',
      '',
      'Hosts, before → after',
      '  rack1-a  cpu 4.6 cores → 3.1 cores of 4 cores usable  memory 9216 MiB → 7168 MiB of 18 GiB usable',
      '  rack1-b  cpu 1 core → 2.5 cores of 4 cores usable     memory 4096 MiB → 6144 MiB of 18 GiB usable',
      '',
      'Hosts that were considered',
      '  rack1-b  took part     granted',
      '  rack2-b  host.suspect  not asked: host.suspect',
      '',
      'VMs that stayed',
      '  db1   vm.not_needed  The others were enough.',
      '  gpu1  dev.hostdev    It uses a device of the host (PCI, USB), which cannot travel.',
      '',
      'hosts reserved after 12 ms, solved after 17 ms, ended after 18 ms',
    ),
  )
  agent.reply = async () => ({ kind: 'ok', text: 'no overload', decision: null })
  assert.deepEqual(await run('plan --detailed-exitcode'), {
    exit: 8,
    out: 'Nothing to do: no overload\n',
    err: '',
  })
  agent.reply = async () => ({ kind: 'refused', code: 'partition.busy', text: 'leased' })
  assert.deepEqual(await run('plan'), { exit: 5, out: '', err: 'refused: partition.busy: leased\n' })
})

test('members, VMs and history are tables, and CSV where a table goes on', async () => {
  // The story: which hosts are there, what runs here, what was done; the last for a spreadsheet.
  const members = await run('members')
  assert.match(
    members.out,
    /^NAME {5}PEER {6}STATE {9}MODE {5}CPU {6}MEMORY {2}VMS\nrack1-a {2}11rack1A {2}alive \(this\) {2}observe {2}115 % !/,
  )
  assert.match((await run('members -o wide')).out, new RegExp(exampleHosts.silent))
  const vms = await run('vms')
  assert.match(vms.out, /db1 {3}6fa9ec23 {2}running {2}1 core {5}4096 MiB {2}yes {10}25 min/)
  assert.match(vms.out, /gpu1 {2}6fa9ec24 .* dev\.hostdev {2}-/)
  const before = agent.view
  const migration = { action: 'p/0', direction: 'in', peer: exampleHosts.roomy, phase: 'promised' } as const
  const web9 = '6fa9ec29-0000-0000-0000-000000000009' as typeof exampleVms.web1
  agent.view = {
    ...before,
    migrations: [{ ...migration, vm: web9, name: 'web9', sinceMs: 30_000 }],
    alarms: [{ code: 'vm.paused_in_doubt', text: '', vm: web9, sinceMs: 20_000 }],
  }
  assert.match((await run('vms')).out, /web9 {2}6fa9ec29 {2}arriving .* vm\.paused_in_doubt {2}-/)
  agent.view = before
  const history = await run('history --vm web1 --since 2h --limit 5')
  assert.equal(history.out.split('\n').length, 4)
  assert.deepEqual(agent.queries.at(-1), {
    vm: 'web1',
    sinceMs: Date.UTC(2026, 10, 22, 20, 0, 0),
    limit: 5,
  })
  const csv = (await run('history -o csv')).out.split('\r\n')
  assert.match(csv[0] ?? '', /^at,decision,leader,/)
  assert.equal(
    csv[2],
    `2026-11-22T20:00:00Z,${exampleMove.id},rack1-a,overload.cpu,cured,,${exampleVms.gone},gone,migrate,${exampleHosts.self},${exampleHosts.full},done,`,
  )
})

test('--json is one object with a schema version on stdout, for answers and for failures', async () => {
  // The story: a script pipes every command into jq.
  agent.reply = async (command) =>
    command.kind === 'plan' || command.kind === 'migrate'
      ? { kind: 'ok', text: '', decision: command.kind === 'plan' ? exampleDecision.id : exampleMove.id }
      : command.kind === 'drain'
        ? { kind: 'drain', begun: true, leaving: [], blockers: [] }
        : { kind: 'ok', text: 'done', decision: null }
  const commands = [
    'status',
    'members',
    'vms',
    'plan',
    'explain web1',
    'history',
    'migrate web1 --to auto',
    'drain --on-blocker skip --detach',
    'undrain',
    'mode auto',
    'mode',
    'version',
  ]
  for (const line of commands) {
    const { exit, out } = await run(`${line} --json`)
    assert.equal(exit, 0, line)
    assert.equal((JSON.parse(out) as { schemaVersion: number }).schemaVersion, 1, line)
  }
  const { exit, out, err } = await run('explain nobody --json')
  assert.equal(exit, 1)
  assert.deepEqual(JSON.parse(out), {
    schemaVersion: 1,
    error: {
      code: 'request.unknown',
      text: 'no VM, host or decision "nobody" is known on this host',
    },
  })
  assert.equal(err, 'no VM, host or decision "nobody" is known on this host\n')
})

test('usage: typing errors get a suggestion and exit code 2; help has an example', async () => {
  // The story: fingers faster than eyes.
  const typo = await run('statsu')
  assert.equal(typo.exit, 2)
  assert.match(typo.err, /unknown command 'statsu'[\s\S]*Did you mean status\?/)
  const option = await run('status --jsno')
  assert.equal(option.exit, 2)
  assert.match(option.err, /Did you mean --json\?/)
  for (const line of ['migrate web1', 'mode automatic', 'drain --deadline soon', 'history --limit none', ''])
    assert.equal((await run(line)).exit, 2, line)
  for (const name of [
    'agent',
    'status',
    'members',
    'vms',
    'plan',
    'explain',
    'history',
    'migrate',
    'drain',
    'undrain',
    'mode',
    'config validate',
    'version',
  ]) {
    const { exit, out } = await run(`${name} --help`)
    assert.equal(exit, 0, name)
    assert.match(out, /Examples?:\n {2}drover /, name)
  }
  assert.deepEqual(await run('version'), { exit: 0, out: 'drover 0.1.0\n', err: '' })
})

test('no agent: exit code 3 and one line', async () => {
  // The story: the daemon is down.
  await terminal.stopAgent()
  for (const line of ['status', 'members', 'drain', 'mode auto', 'explain web1']) {
    const { exit, out, err } = await run(line)
    assert.equal(exit, 3, line)
    assert.equal(out, '')
    assert.equal(
      err,
      `cannot reach the agent on ${terminal.socket}: no agent is running there; start it with \`drover agent\`, or name its socket with --socket\n`,
    )
  }
})

test('a path that no socket can have is wrong usage, not an agent that is down', async () => {
  const long = `/${'s'.repeat(200)}`
  assert.deepEqual(await run(`status --socket ${long}`), {
    exit: 2,
    out: '',
    err: `--socket: has 201 bytes, and the path of a socket has at most 107, got "${long}"\n`,
  })
  assert.match((await run('status --socket=')).err, /^--socket: must not be empty, got ""\n$/)
  assert.match((await run('status --socket a\u0000b')).err, /^--socket: has control characters, got /)
  const near = await run('status --socket nowhere.sock')
  assert.equal(near.exit, 3, 'a command may be told of one that is near')
})

test('a migration that is waited for ends with the exit code of its end', async () => {
  // The story: moved; refused; failed on the way; not ended in time; refused unawaited; not yet on record when asked for.
  const ends = async (result: DecisionResult, code: ReasonCode | null, options = '--wait') => {
    const move = {
      ...exampleMove,
      id: `${exampleMove.id}9` as typeof exampleMove.id,
      result,
      code,
      actions: [],
    }
    agent.view = { ...agent.view, decisions: [move] }
    agent.reply = async () => ({ kind: 'ok', text: 'moving web1', decision: move.id })
    return run(`migrate web1 --to rack1-b ${options}`)
  }
  assert.equal((await ends('cured', null)).exit, 0)
  const refused = await ends('nothing', 'capacity.mem')
  assert.equal(refused.exit, 5)
  assert.match(refused.err, /\ncapacity\.mem: cured with one migration\n$/)
  assert.equal((await ends('failed', 'migration.failed')).exit, 1)
  assert.equal((await ends('running', null, '--wait --timeout 20ms')).exit, 6)
  const detached = await ends('running', null, '')
  assert.deepEqual([detached.exit, detached.out], [0, 'moving web1; drover explain 11rack1A.11.39\n'])
  assert.equal((await ends('nothing', 'host.draining', '')).exit, 5)
  agent.view = { ...agent.view, decisions: [] }
  setTimeout(() => (agent.view = { ...agent.view, decisions: [exampleMove] }), 30)
  agent.reply = async () => ({ kind: 'ok', text: 'moving web1', decision: exampleMove.id })
  assert.equal((await run('migrate web1 --to rack1-b --wait')).exit, 0)
})

test('config validate names everything that is wrong, for people and for programs', async () => {
  // The story: the file goes through review before it goes to the host, so its key is not there.
  const file = join(terminal.directory, 'config.toml')
  writeFileSync(file, 'mode = "auto"\n[policy]\ncooldwn_ms = 1\ngossip_ms = "often"\n')
  const { exit, out, err } = await run(`config validate ${file}`)
  assert.equal(exit, 2)
  assert.equal(out, '')
  assert.match(err, /config\.toml:3: policy\.cooldwn_ms: unknown key; did you mean policy\.cooldown_ms\?\n/)
  assert.match(
    err,
    /config\.toml:4: policy\.gossip_ms: expected a number, got "often"\n2 problems in the configuration\n$/,
  )
  const json = await run(`config validate ${file} --json`)
  assert.equal(json.exit, 2)
  const answer = JSON.parse(json.out) as {
    valid: boolean
    problems: { line: number; suggestion: string | null }[]
  }
  assert.equal(answer.valid, false)
  assert.deepEqual(answer.problems.map(({ line, suggestion }) => [line, suggestion]).sort(), [
    [3, 'policy.cooldown_ms'],
    [4, null],
  ])
  writeFileSync(file, 'mode = "auto"\n')
  const valid = await run(`config validate ${file}`)
  assert.deepEqual([valid.exit, valid.out], [0, `valid: ${file}\n`])
  assert.match(valid.err, /warning: .*cluster\.key does not exist/)
  // The agent itself insists on the key.
  const agentCheck = await run(`agent --check --config ${file} --set network.cluster_key_file=${file}.nokey`)
  assert.equal(agentCheck.exit, 2)
  assert.match(agentCheck.err, /--set: network\.cluster_key_file: .*does not exist/)
})
