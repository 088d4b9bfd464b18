/**
 * How much the tests try. `npm test` tries enough to notice a mistake while one works; `npm run test:long` tries many times
 * more; `DROVER_RUNS=100000` is for a night.
 */
const asked = process.env['DROVER_RUNS']

export const isLong = process.env['DROVER_EFFORT'] === 'long'

/** Random cases of one property. */
export const runs = asked === undefined ? (isLong ? 1_500 : 50) : Number(asked)
