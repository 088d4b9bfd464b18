/** Sends one command to the core. A refusal is HTTP 409, no answer in time HTTP 503. */
import type { Command, Reply } from '@drover/protocol'
import { type Agent, AgentError } from '../agent-port.ts'
import { ApiFailure } from './error-answer.ts'

export type Accepted = Exclude<Reply, { readonly kind: 'refused' }>

export const sendCommand = async (agent: Agent, command: Command): Promise<Accepted> => {
  const reply = await agent.command(command).catch((error: unknown) => {
    throw error instanceof AgentError ? new ApiFailure(503, { code: error.code, text: error.message }) : error
  })
  if (reply.kind !== 'refused') return reply
  const { code, text, blockers } = reply
  throw new ApiFailure(409, { code, text, ...(blockers === undefined ? {} : { blockers: [...blockers] }) })
}

/** What the core says to people. */
export const textOf = (reply: Accepted): string => (reply.kind === 'ok' ? reply.text : '')
