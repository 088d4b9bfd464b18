/** The local API: bytes on its unix socket, as HTTP or nearly so. Answers come from an agent that does nothing. */
import { mkdtempSync, rmSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { serveApi } from '../../../packages/agent/src/api/server.ts'
import { fakeAgent } from '../../../packages/agent/src/testing/fake-agent.ts'
import { mutatedBytes, mutatedTree, rawBytes } from '../mutate.ts'
import { asked, stackIn, type Target, type Verdict } from '../target.ts'

const waitMsMax = 3_000
const answerBytesMax = 2 ** 22

const requests: readonly (readonly [string, unknown])[] = [
  ['GET /v1/status', null],
  ['GET /v1/members', null],
  ['GET /v1/vms', null],
  ['GET /v1/explain?about=v1&kind=vm', null],
  ['GET /v1/history?limit=10&since=0&vm=v1', null],
  ['GET /metrics', null],
  ['GET /healthz', null],
  ['POST /v1/plan', {}],
  ['POST /v1/migrate', { vm: 'v1', to: null }],
  ['POST /v1/drain', { onBlocker: 'abort', dryRun: true }],
  ['POST /v1/undrain', {}],
  ['POST /v1/mode', { mode: 'observe' }],
]

const http = (line: string, body: string): string => {
  const head = `${line} HTTP/1.1\r\nhost: drover\r\nconnection: close\r\n`
  return body === ''
    ? `${head}\r\n`
    : `${head}content-type: application/json\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`
}

/** What is answered until the other end closes, or has nothing more to say. */
const exchange = (path: string, bytes: Uint8Array): Promise<string | null> =>
  new Promise((resolve) => {
    const parts: Buffer[] = []
    let total = 0
    const socket = connect(path)
    const timer = setTimeout(() => {
      socket.destroy()
      resolve(null)
    }, waitMsMax)
    socket.on('error', () => {})
    socket.on('data', (part: Buffer) => {
      total += part.length
      if (total <= answerBytesMax) parts.push(part)
    })
    socket.once('close', () => {
      clearTimeout(timer)
      resolve(Buffer.concat(parts).toString('utf8'))
    })
    socket.end(bytes)
  })

export const apiTarget = async (): Promise<Target> => {
  const directory = mkdtempSync(join(tmpdir(), 'drover-fuzz-'))
  const socket = join(directory, 's')
  const agent = fakeAgent()
  const server = await serveApi({
    agent,
    metrics: async () => 'drover_up 1\n',
    socket,
    metricsListen: null,
    planTimeoutMs: 20,
  })
  return {
    name: 'api',
    bounds: { ...asked, medianMs: 5 },
    shortRuns: 300,
    input(random) {
      if (random.chance(0.05)) return rawBytes(random, 400)
      const [line, body] = random.pick(requests)
      const changed = body === null ? null : mutatedTree(random, body)
      const text = http(
        line,
        body === null ? '' : (JSON.stringify(random.chance(0.8) ? changed : body) ?? ''),
      )
      return random.chance(0.4) ? mutatedBytes(random, Buffer.from(text)) : Buffer.from(text)
    },
    async run(bytes): Promise<Verdict> {
      agent.commands.length = 0
      agent.queries.length = 0
      const answer = await exchange(socket, bytes)
      if (answer === null) return `no end of the answer within ${waitMsMax} ms`
      if (/^HTTP\/1\.1 5/.test(answer) && !/"code":"(plan|agent)\./.test(answer))
        return `the server failed: ${answer.slice(0, 400)}`
      return stackIn(answer)
    },
    async end() {
      await server.close()
      rmSync(directory, { recursive: true, force: true })
    },
  }
}
