/** Keys of a configuration file as the code calls them. */

type Camel<S extends string> = S extends `${infer A}_${infer B}` ? `${A}${Capitalize<Camel<B>>}` : S
export type CamelKeys<T> = { readonly [K in keyof T as Camel<K & string>]: Exclude<T[K], undefined> }

/** `period_ms` → `periodMs`, without the keys that were left out. */
export const camelKeys = <T extends object>(section: T): CamelKeys<T> =>
  Object.fromEntries(
    Object.entries(section)
      .filter(([, value]) => value !== undefined)
      .map(([key, value]) => [key.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase()), value]),
  ) as CamelKeys<T>
