/** Where a setting stands in a tree of tables: names, and numbers for the elements of arrays. */
export type Path = readonly (string | number)[]

/** Paths as map keys; no TOML key can hold the separator unescaped. */
export const pathKey = (path: Path): string => path.join('\u0000')
