/** Commands reach the agent through a unix socket: which users may use it, what a wrong request is told, and what waits for its end. */
import assert from 'node:assert/strict'
import { linkSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { createServer as createHttpServer, request } from 'node:http'
import { connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, test } from 'node:test'
import { exampleDecision, exampleHosts, exampleVms } from '../../../protocol/src/outcome/example.ts'
import { AgentError } from '../agent-port.ts'
import { type FakeAgent, fakeAgent } from '../testing/fake-agent.ts'
import { ApiError } from './api-error.ts'
import { createApiClient } from './client.ts'
import { type ApiServer, serveApi } from './server.ts'
import { SocketError } from './unix-socket.ts'

let directory = ''
let socket = ''
let agent: FakeAgent
const servers: ApiServer[] = []
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'drover-api-'))
  socket = join(directory, 'run', 'drover.sock')
  agent = fakeAgent()
})
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.close()))
  rmSync(directory, { recursive: true })
})

const serve = async (metricsListen: string | null = null): Promise<ApiServer> => {
  const server = await serveApi({
    agent,
    metrics: async () => 'drover_up 1\n',
    socket,
    metricsListen,
    planTimeoutMs: 200,
  })
  servers.push(server)
  return server
}
const client = () => createApiClient(socket, 5_000)
const raw = (path: string, body?: string) =>
  new Promise<{ status: number; text: string }>((resolve, reject) => {
    const outgoing = request(
      { socketPath: socket, path, method: body === undefined ? 'GET' : 'POST' },
      (incoming) => {
        let text = ''
        incoming.setEncoding('utf8')
        incoming.on('data', (part: string) => {
          text += part
        })
        incoming.on('end', () => resolve({ status: incoming.statusCode ?? 0, text }))
      },
    )
    outgoing.on('error', reject)
    outgoing.end(body)
  })
const refusal = (code: string, status: number) => (error: unknown) => {
  assert.ok(error instanceof ApiError)
  assert.deepEqual([error.code, error.status], [code, status])
  return true
}

test('the views are served as they are, with a schema version', async () => {
  // The story: a script reads status, members, VMs and history.
  await serve()
  const status = await client().status()
  assert.equal(status.schemaVersion, 1)
  assert.equal(status.view.host, exampleHosts.self)
  assert.deepEqual((await client().vms()).vms, agent.view.vms)
  assert.equal((await client().members()).members.length, 6)
  const { decisions } = await client().history({ vm: 'web1', sinceMs: 5, limit: 7 })
  assert.equal(decisions.length, 2)
  assert.deepEqual(agent.queries.at(-1), { vm: 'web1', sinceMs: 5, limit: 7 })
})

test('the socket is for owner and group, and one living agent holds it', async () => {
  // The story: an agent was killed and left its socket; the next one takes it over; a second one at the same time is refused.
  await serve()
  assert.equal(statSync(socket).mode & 0o777, 0o660)
  await assert.rejects(
    serve(),
    (error: unknown) =>
      error instanceof SocketError &&
      error.code === 'socket.taken' &&
      /another agent is running/.test(error.message),
  )
  assert.equal((await client().status()).schemaVersion, 1, 'the first one is unharmed')
  await servers.pop()?.close()

  // What a `kill -9` leaves: the file of a socket without a listener.
  const dead = createServer()
  await new Promise<void>((resolve) => dead.listen(join(directory, 'dead'), resolve))
  linkSync(join(directory, 'dead'), socket)
  await new Promise((resolve) => dead.close(resolve))
  await serve()
  assert.equal((await client().status()).schemaVersion, 1)
})

test('no agent there, or not drover: one clear line', async () => {
  // The story: the operator asks before the agent was started; then something else sits on the socket.
  await assert.rejects(client().status(), (error: unknown) => {
    assert.ok(error instanceof ApiError && error.code === 'agent.unreachable' && error.status === 0)
    assert.match(error.message, /no agent is running there; start it with `drover agent`/)
    return true
  })
  const mute = createServer(() => {})
  const path = join(directory, 'mute.sock')
  await new Promise<void>((resolve) => mute.listen(path, resolve))
  await assert.rejects(createApiClient(path, 50).status(), /no answer within 0.05 s/)
  mute.close()
})

test("an answer that is not drover's is told apart from an error of the agent", async () => {
  // The story: a web server sits on the socket; then an agent of another time answers an error without words.
  let answer = { status: 200, text: '<html>' }
  const server = createHttpServer((_, response) => response.writeHead(answer.status).end(answer.text))
  const path = join(directory, 'web.sock')
  await new Promise<void>((resolve) => server.listen(path, resolve))
  try {
    await assert.rejects(createApiClient(path).status(), /what answers on .*web\.sock is not drover/)
    answer = { status: 500, text: '{}' }
    await assert.rejects(createApiClient(path).status(), refusal('agent.failed', 500))
    answer = { status: 409, text: '{"error":{"code":"vm.pinned","text":"it stays","more":1}}' }
    await assert.rejects(createApiClient(path).status(), refusal('vm.pinned', 409))
  } finally {
    server.close()
  }
})

test('a wrong request is answered with what is wrong with it', async () => {
  // The story: a script with a typing error, and one with a body that is no JSON or far too long.
  await serve()
  assert.equal((await raw('/v1/mode', '{"mode":"automatic"}')).status, 400)
  assert.match((await raw('/v1/mode', '{"mode":"auto","force":true}')).text, /force/)
  assert.match((await raw('/v1/drain', '{nonsense')).text, /not JSON/)
  assert.match(
    (await raw('/v1/migrate', JSON.stringify({ vm: 'x'.repeat(100_000), to: null }))).text,
    /too long/,
  )
  assert.equal((await raw('/v1/history?since=yesterday')).status, 400)
  assert.equal((await raw('/v1/nothing')).status, 404)
  assert.deepEqual(agent.commands, [])
})

test('a plan is waited for, whether it ends before or after the answer', async () => {
  // The story: the core answers first and solves later; or the decision is there already.
  await serve()
  const running = {
    ...exampleDecision,
    id: `${exampleDecision.id}0` as typeof exampleDecision.id,
    result: 'running',
  } as const
  agent.reply = async () => {
    agent.emit({ kind: 'decision', decision: running })
    setTimeout(() => agent.emit({ kind: 'decision', decision: { ...running, result: 'would' } }), 20)
    return { kind: 'ok', text: 'planned', decision: running.id }
  }
  assert.equal((await client().plan()).decision?.result, 'would')
  agent.reply = async () => ({ kind: 'ok', text: 'planned', decision: exampleDecision.id })
  assert.deepEqual((await client().plan()).decision, exampleDecision)
  agent.reply = async () => {
    agent.emit({ kind: 'decision', decision: running })
    return { kind: 'ok', text: 'planned', decision: running.id }
  }
  assert.equal((await client().plan()).decision?.result, 'running', 'as far as it came')
  assert.equal(agent.listeners, 0, 'no listener is left')
})

test('a migration names VM and host as people do, and a refusal keeps its code', async () => {
  // The story: by name, by the end of a peer id, to an unknown host, of a VM that is elsewhere.
  await serve()
  await client().migrate('web1', exampleHosts.roomy.slice(-8))
  assert.deepEqual(agent.commands, [{ kind: 'migrate', vm: exampleVms.web1, to: exampleHosts.roomy }])
  await client().migrate('web2', null)
  assert.deepEqual(agent.commands[1], { kind: 'migrate', vm: exampleVms.web2, to: null })
  await assert.rejects(client().migrate('web1', 'rack9-z'), refusal('request.unknown', 404))
  await assert.rejects(client().migrate('gone', null), refusal('vm.not_here', 409))
  await assert.rejects(client().migrate('6fa9ec2', null), refusal('request.ambiguous', 400))
  agent.reply = async () => ({ kind: 'refused', code: 'mode.observe', text: 'observing' })
  await assert.rejects(client().migrate('web1', null), refusal('mode.observe', 409))
  agent.reply = () => Promise.reject(new AgentError('agent.timeout', 'no answer'))
  await assert.rejects(client().migrate('web1', null), refusal('agent.timeout', 503))
})

test('a drain is judged by the core alone, and its blockers are listed before anything moves', async () => {
  // The story: gpu1 was given a PCI device since the last sample that the view shows. Asked plainly, nothing starts.
  await serve()
  const free = { vm: exampleVms.web1, name: 'web1' }
  const gpu = { vm: exampleVms.gpu1, name: 'gpu1', code: 'dev.hostdev' } as const
  agent.view = { ...agent.view, vms: agent.view.vms.filter(({ name }) => name !== 'gpu1') }
  agent.reply = async () => ({
    kind: 'refused',
    code: 'drain.blocked',
    text: '1 VM cannot leave; nothing was started',
    blockers: [gpu],
  })
  await assert.rejects(client().drain({ onBlocker: 'abort', dryRun: false }), (error: unknown) => {
    assert.ok(error instanceof ApiError && error.code === 'drain.blocked')
    assert.deepEqual(error.answer?.blockers, [gpu])
    return true
  })
  for (const begun of [false, true]) {
    agent.reply = async () => ({ kind: 'drain', begun, leaving: [free], blockers: [gpu] })
    const drain = await client().drain({ onBlocker: 'skip', dryRun: !begun })
    assert.deepEqual(drain, { schemaVersion: 1, draining: begun, leaving: [free], blockers: [gpu] })
  }
  assert.deepEqual(agent.commands, [
    { kind: 'drain', onBlocker: 'abort', dryRun: false },
    { kind: 'drain', onBlocker: 'skip', dryRun: true },
    { kind: 'drain', onBlocker: 'skip', dryRun: false },
  ])
})

test('events are streamed, and a reader that leaves is forgotten', async () => {
  // The story: `curl` on the event stream, then Ctrl-C; and a server that stops during a request.
  await serve()
  const outgoing = request({ socketPath: socket, path: '/v1/events' })
  const seen = new Promise<string>((resolve) => {
    outgoing.on('response', (incoming) => {
      let text = ''
      incoming.setEncoding('utf8')
      incoming.on('error', () => {})
      incoming.on('data', (part: string) => {
        // The first words say that the stream is open.
        if (text === '') agent.emit({ kind: 'decision', decision: exampleDecision })
        text += part
        if (text.includes(exampleDecision.id)) resolve(text)
      })
    })
  })
  outgoing.on('error', () => {})
  outgoing.end()
  assert.match(await seen, /event: decision\ndata: \{"kind":"decision"/)
  assert.equal(agent.listeners, 1)
  outgoing.destroy()
  while (agent.listeners > 0) await new Promise((resolve) => setTimeout(resolve, 10))
  assert.equal(agent.listeners, 0)
})

test('health, readiness and metrics are on the socket and on TCP; nothing else is on TCP', async () => {
  // The story: Prometheus may scrape over the network; it must not be able to drain the host.
  const { metricsAddress } = await serve('127.0.0.1:0')
  const get = async (path: string) => {
    const response = await fetch(`http://${metricsAddress}${path}`)
    return [response.status, await response.text()] as const
  }
  assert.deepEqual(await get('/metrics'), [200, 'drover_up 1\n'])
  assert.deepEqual(await get('/healthz'), [200, 'ok\n'])
  assert.deepEqual(await get('/readyz'), [200, 'ok\n'])
  assert.equal((await get('/v1/status'))[0], 404)
  assert.equal((await raw('/metrics')).text, 'drover_up 1\n')
  agent.hypervisorConnected = false
  agent.view = { ...agent.view, able: false, troubles: ['hypervisor.unreachable'] }
  assert.deepEqual(await get('/readyz'), [
    503,
    'not ready\nhypervisor: connection refused\nhypervisor.unreachable\n',
  ])
})

test('a file that is no socket is left alone', async () => {
  // The story: api.socket names an ordinary file by mistake. Nothing answers there, but it is not ours.
  mkdirSync(join(directory, 'run'))
  writeFileSync(socket, 'precious')
  await assert.rejects(
    serve(),
    (error: unknown) => error instanceof SocketError && error.code === 'socket.failed',
  )
  assert.equal(statSync(socket).size, 8)
})

test('one address holds eight connections to the metrics port, and gets a ninth when one of them ends', async () => {
  // The story: a scanner opens connections to the metrics port and says nothing, until the agent has no file descriptors left.
  const server = await serve('127.0.0.1:0')
  const port = Number(server.metricsAddress?.split(':')[1])
  const open = () =>
    new Promise<{ readonly isHeld: boolean; readonly end: () => void }>((resolve) => {
      const silent = connect(port, '127.0.0.1')
      silent.on('error', () => {})
      silent.once('close', () => resolve({ isHeld: false, end: () => {} }))
      // What is not closed within a round trip of its own is held.
      silent.once('connect', () => {
        const later = connect(port, '127.0.0.1')
        later.on('error', () => {})
        later.once('close', () => resolve({ isHeld: !silent.destroyed, end: () => void silent.destroy() }))
        later.once('connect', () => later.end())
      })
    })
  const opened = []
  for (let i = 0; i < 12; i++) opened.push(await open())
  const held = opened.filter(({ isHeld }) => isHeld)
  assert.ok(held.length <= 8, `${held.length} are held`)
  for (const { end } of held) end()
  // The server hears of their end a little later than they do.
  const status = async (): Promise<number> =>
    fetch(`http://127.0.0.1:${port}/healthz`).then(
      (answer) => answer.status,
      () => status(),
    )
  assert.equal(await status(), 200)
})
