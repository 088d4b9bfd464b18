/**
 * The second public page: what other packages' commands of `drover` are made of, so that they look, fail and explain
 * themselves as the agent's do. Light: no libp2p, no driver.
 *
 * ```ts
 * export const createCommand = (io: Io): Command =>
 *   command('sim', 'what it does', 'drover sim run x.toml').action(() => {
 *     throw new CliFailure(exitCode.usage, 'config.invalid', 'x.toml: no such file')
 *   })
 * ```
 */
export { type Flag, fileLayer, flagLayer, type Layer, mergeLayers } from '../config/layer.ts'
export { policyFrom } from '../config/load.ts'
export type { Origin } from '../config/origin.ts'
export { policy as policySchema } from '../config/policy-section.ts'
export { nearest, type Problem, problemsOf, problemText } from '../config/problem.ts'
export { type SchemaReader, schemaReaderOf } from '../config/schema-node.ts'
export { droverVersion } from '../drover-version.ts'
export { problemsFailure } from './config.ts'
export { CliFailure, exitCode } from './exit.ts'
export { type Io, type Paint, painter, printJson } from './io.ts'
export { command, parseCount } from './options.ts'
export { csv, table } from './table.ts'
