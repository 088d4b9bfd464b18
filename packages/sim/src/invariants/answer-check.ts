/**
 * S12, R1: a hypervisor that does not answer has said nothing. All other checks believe what an agent tells its core of an answer; here
 * it is asked whether there was one.
 */
import type { ActionId } from '@drover/protocol'
import type { AgentEvent } from './agent-feed.ts'
import type { HostBook } from './host-book.ts'
import type { Check, Scene } from './scene.ts'

interface Question {
  /** Whose daemon was asked. */
  readonly host: string
  readonly action: ActionId
}

const uri = /^sim:\/\/(.+)$/

export const createAnswerCheck = ({ world, findings }: Pick<Scene, 'world' | 'findings'>): Check => {
  /** To daemons that have answered nothing since; by the agent that asked, its action, its round and where. */
  const unheard = new Map<string, Question>()
  const keyOf = ({ name }: HostBook, action: ActionId, round: number, at: 'here' | 'there'): string =>
    `${name} ${action} ${round} ${at}`
  const answersNothing = (host: string): boolean => ['down', 'hung'].includes(world.host(host).daemon)

  return {
    agent(event: AgentEvent, book) {
      if (event.kind === 'effect' && event.effect.kind === 'inspect') {
        const { action, round, at } = event.effect
        const host = at === null ? book.name : uri.exec(at)?.[1]
        if (host !== undefined && answersNothing(host))
          unheard.set(keyOf(book, action, round, at === null ? 'here' : 'there'), { host, action })
      }
      if (event.kind === 'input' && event.input.kind === 'inspected') {
        const { action, round, at, presence } = event.input
        const key = keyOf(book, action, round, at)
        const question = unheard.get(key)
        unheard.delete(key)
        if (question !== undefined && presence !== null)
          findings.tell(
            'S12',
            `${book.name} takes the VM of ${action} for ${presence} at ${question.host}, whose hypervisor has not answered`,
          )
      }
      if (event.kind === 'ended')
        for (const key of unheard.keys()) if (key.startsWith(`${book.name} `)) unheard.delete(key)
    },
    world(event) {
      if (event.kind !== 'daemon' && event.kind !== 'host') return
      for (const [key, { host }] of unheard) if (host === event.host) unheard.delete(key)
    },
  }
}
