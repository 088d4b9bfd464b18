/** S5, S12: what an agent says of an action holds after a crash, too: it is on disk before it leaves. */
import type { Message } from '@drover/protocol'
import type { HostBook } from './host-book.ts'
import type { Check, Scene } from './scene.ts'

export const createWordCheck = ({ findings }: Pick<Scene, 'findings'>): Check => {
  const sent = (book: HostBook, message: Message): void => {
    if (message.kind === 'admitted' && !book.open.has(message.action))
      findings.tell('S5', `${book.name} admits ${message.action}, of which its journal knows nothing`)
    if (message.kind === 'ended' && message.result.kind !== 'unknown' && book.open.has(message.action))
      findings.tell(
        'S12',
        `${book.name} says that ${message.action} was ${message.result.kind}, and its journal has it open`,
      )
  }
  return {
    agent(event, book) {
      if (event.kind === 'sent') sent(book, event.message)
    },
  }
}
