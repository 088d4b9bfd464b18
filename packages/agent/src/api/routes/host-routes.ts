/** This host: its state, the hosts that it knows, its VMs, its mode. */
import type { PeerView } from '@drover/protocol'
import { Hono } from 'hono'
import type { Agent } from '../../agent-port.ts'
import { droverVersion } from '../../drover-version.ts'
import { answer } from '../answer.ts'
import { modeRequest } from '../request-schemas.ts'
import { sendCommand, textOf } from '../send-command.ts'
import { jsonBody } from '../validate.ts'

/** Of the newest decisions; `/v1/history` has them all. */
const decisionsShown = 5

export const hostRoutesOf = (agent: Agent) =>
  new Hono()
    .get('/status', (context) => {
      const status = agent.status()
      const view: PeerView = { ...status.view, decisions: status.view.decisions.slice(0, decisionsShown) }
      return answer(context, { version: droverVersion, ...status, view })
    })
    .get('/members', (context) => {
      const { host, members } = agent.status().view
      return answer(context, { host, members })
    })
    .get('/vms', (context) => {
      const { host, vms, migrations, alarms } = agent.status().view
      const here = new Set(vms.map(({ vm }) => vm))
      const arriving = migrations
        .filter(({ vm, direction }) => direction === 'in' && !here.has(vm))
        .map((one) => ({ ...one, alarm: alarms.find(({ vm }) => vm === one.vm)?.code ?? null }))
      return answer(context, { host, vms, arriving })
    })
    .post('/mode', jsonBody(modeRequest), async (context) => {
      const { mode } = context.req.valid('json')
      const reply = await sendCommand(agent, { kind: 'mode', mode })
      return answer(context, { mode, text: textOf(reply) })
    })
