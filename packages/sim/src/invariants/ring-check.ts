/** S15: each agent's view of the ring is sorted, has no host twice, and has its own host; and all views sort alike. */
import type { MemberView, PeerView } from '@drover/protocol'
import type { Findings } from './findings.ts'

export interface RingCheck {
  judge(view: PeerView): void
}

export const createRingCheck = ({ once }: Findings): RingCheck => {
  /** Neighbours in some view of the ring, in one location, as `first second`. */
  const inOrder = new Set<string>()

  const judgePair = (owner: string, first: MemberView, second: MemberView): void => {
    const [a, b] = [first.summary, second.summary]
    if (a.location > b.location)
      once(
        `S15 ${owner} ${a.host} ${b.host}`,
        'S15',
        `${owner} sorts ${a.name} before ${b.name}, by location not`,
      )
    if (a.location !== b.location) return
    if (inOrder.has(`${b.host} ${a.host}`))
      once(`S15 ${owner} ${a.host} ${b.host}`, 'S15', `${owner} sorts ${a.name} before ${b.name}, others not`)
    else inOrder.add(`${a.host} ${b.host}`)
  }

  return {
    judge({ host, description, members }) {
      const owner = description?.name ?? host
      const seen = new Set<string>()
      let before: MemberView | null = null
      for (const [i, member] of members.entries()) {
        const { host: id, name } = member.summary
        if (seen.has(id)) once(`S15 ${owner} twice ${id}`, 'S15', `${owner} has ${name} twice in its ring`)
        seen.add(id)
        if (member.position !== i)
          once(`S15 ${owner} at ${id}`, 'S15', `${owner} has ${name} at place ${member.position}, not ${i}`)
        if (before !== null) judgePair(owner, before, member)
        before = member
      }
      if (description !== null && members.length > 0 && !seen.has(host))
        once(`S15 ${owner} itself`, 'S15', `${owner} knows ${members.length} hosts, and not itself`)
    },
  }
}
