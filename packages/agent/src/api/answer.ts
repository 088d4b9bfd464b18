/** The successful answers of the local API. */
import type { Context, TypedResponse } from 'hono'
import { schemaVersion } from './schema-version.ts'

/**
 * The response as hono makes it, with the answer's own type for the client. The type that hono derives says `T | undefined`
 * of each field that may be absent. JSON brings back no `undefined`.
 */
export const answer = <T extends object>(
  context: Context,
  fields: T,
): Response & TypedResponse<T & { readonly schemaVersion: 1 }, 200, 'json'> => {
  const all = { schemaVersion, ...fields } as const
  return Object.assign(context.json(all), { _data: all, _status: 200, _format: 'json' } as const)
}
