/** Checks a request against its schema before its handler sees it, and tells the client's types what the request takes. */
import type { Context, Env, MiddlewareHandler } from 'hono'
import type * as z from 'zod'
import { invalid } from './error-answer.ts'

type Checked<Target extends 'json' | 'query', S extends z.ZodType> = MiddlewareHandler<
  Env,
  string,
  { in: { [K in Target]: z.input<S> }; out: { [K in Target]: z.output<S> } }
>

const checked = <S extends z.ZodType<object>>(schema: S, value: unknown): z.output<S> => {
  const result = schema.safeParse(value)
  if (result.success) return result.data
  throw invalid(
    result.error.issues.map((issue) => `${issue.path.join('.') || 'request'}: ${issue.message}`).join('; '),
  )
}

const parsed = async (context: Context): Promise<unknown> => {
  const text = await context.req.text()
  try {
    return text === '' ? {} : JSON.parse(text)
  } catch {
    throw invalid('the body is not JSON')
  }
}

/** JSON, whatever its content type says: `curl -d` says another. An empty body is `{}`. */
export const jsonBody =
  <S extends z.ZodType<object>>(schema: S): Checked<'json', S> =>
  async (context, next) => {
    context.req.addValidatedData('json', checked(schema, await parsed(context)))
    await next()
  }

export const query =
  <S extends z.ZodType<object>>(schema: S): Checked<'query', S> =>
  async (context, next) => {
    context.req.addValidatedData('query', checked(schema, context.req.query()))
    await next()
  }
