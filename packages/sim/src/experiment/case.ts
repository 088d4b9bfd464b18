/** Keys of a configuration file as the code calls them. */

/** Units keep their own capitals. */
const units = { gib: 'GiB', mib: 'MiB' } as const

type Word<S extends string> = S extends keyof typeof units ? (typeof units)[S] : Capitalize<S>
type Words<S extends string> = S extends `${infer A}_${infer B}` ? `${Word<A>}${Words<B>}` : Word<S>
type Camel<S extends string> = S extends `${infer A}_${infer B}` ? `${A}${Words<B>}` : S
export type CamelKeys<T> = { readonly [K in keyof T as Camel<K & string>]: Exclude<T[K], undefined> }

const wordOf = (word: string): string =>
  word === 'gib' || word === 'mib' ? units[word] : word.charAt(0).toUpperCase() + word.slice(1)

/** `host_memory_gib` → `hostMemoryGiB`, without the keys that were left out. */
export const camelKeys = <T extends object>(section: T): CamelKeys<T> =>
  Object.fromEntries(
    Object.entries(section)
      .filter(([, value]) => value !== undefined)
      .map(([key, value]) => [key.replace(/_([a-z]+)/g, (_, word: string) => wordOf(word)), value]),
  ) as CamelKeys<T>
