/** Health and metrics only: all that a TCP port may show. */
import { Hono } from 'hono'
import type { Agent } from '../../agent-port.ts'

export interface HealthRoutesInit {
  readonly agent: Agent
  /** The text of `/metrics`, in Prometheus' format. */
  readonly metrics: () => Promise<string>
}

export const healthRoutesOf = ({ agent, metrics }: HealthRoutesInit) =>
  new Hono()
    .get('/healthz', (context) => context.text('ok\n'))
    .get('/readyz', (context) => {
      const { view, hypervisor, journal } = agent.status()
      const troubles = [
        ...(hypervisor.connected ? [] : [`hypervisor: ${hypervisor.trouble ?? 'not connected'}`]),
        ...(journal.healthy ? [] : ['journal: cannot be written']),
        ...view.troubles,
      ]
      return view.able && troubles.length === 0
        ? context.text('ok\n')
        : context.text(`not ready\n${troubles.join('\n')}\n`, 503)
    })
    .get('/metrics', async (context) =>
      context.text(await metrics(), 200, { 'content-type': 'text/plain; version=0.0.4; charset=utf-8' }),
    )
