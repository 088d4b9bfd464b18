/**
 * Plays seeds of the swarm, one after the other, as its parent asks for them; with a fault, when it was started so (`sow.ts`).
 * Between two seeds it keeps nothing.
 */
import { drawSchedule } from '../swarm/draw.ts'
import { playSchedule } from '../swarm/play.ts'

export interface SeedQuestion {
  readonly seed: number
  /** Of fault and change; null = as the seed draws them. */
  readonly kinds: readonly string[] | null
}

export interface SeedAnswer {
  readonly seed: number
  /** Which promises are broken, each with its sentence; `error`: the program failed. */
  readonly broken: readonly { readonly invariant: string; readonly text: string }[]
}

const main = (): void => {
  const send = process.send?.bind(process)
  if (send === undefined) throw new Error('test/power/seed-player.ts starts this one')
  process.on('message', ({ seed, kinds }: SeedQuestion) => {
    playSchedule(drawSchedule(kinds === null ? { seed } : { seed, kinds }), { untilBroken: true }).then(
      ({ violations }) =>
        send({ seed, broken: violations.map(({ invariant, text }) => ({ invariant, text })) }),
      (error: unknown) =>
        send({
          seed,
          broken: [
            {
              invariant: 'error',
              text: error instanceof Error ? `${error.message}\n${error.stack}` : String(error),
            },
          ],
        }),
    )
  })
  process.on('disconnect', () => process.exit())
}

if (import.meta.main) main()
