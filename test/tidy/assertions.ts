/**
 * The core states in code what must hold (ADR 20). Assertions go missing quietly when code is moved, so their number has a
 * bound that only grows.
 */
import { findAll, isTest, isTestSupport, type Source } from './source.ts'

/** In the product files of the core, when the bound was last raised. */
const assertionsMin = 190
/** More than so many above it: time to raise it. */
const slack = 30

export const countAssertions = (sources: readonly Source[]): number =>
  sources
    .filter(({ path }) => path.startsWith('packages/protocol/src/') && !isTest(path) && !isTestSupport(path))
    .flatMap((source) => findAll(source, /(?<![\w$.])assert\s*\(/)).length

export const judgeAssertions = (count: number, min = assertionsMin): readonly string[] => {
  if (count < min)
    return [`${count} assertions in the core, ${min} before: what they stated must be stated again`]
  return count > min + slack ? [`${count} assertions in the core: raise assertionsMin from ${min}`] : []
}
