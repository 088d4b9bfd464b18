/** Is a relief worth its moves? A plan of drover's own must lower the excess by a margin (Q1). */

import type { ExcessChange } from '@drover/placement'
import type { Policy } from '../data/config.ts'
import type { Need } from '../data/need.ts'

/** Of a drain every VM that leaves is worth its move: an operator asked for it, and none comes back by itself. */
export const gainTooSmall = (
  need: Need['kind'],
  { before, after }: ExcessChange,
  policy: Policy,
): boolean => {
  const gainMinPermille = need === 'drain' ? 0 : policy.gainMinPermille
  return (before - after) * 1000 < before * gainMinPermille || after >= before
}
