/** What is kept of others' words has a bound: the oldest goes. */

/** `kept`: a map or a set whose first entries are its oldest ones. */
export const boundTo = <K>(
  max: number,
  kept: { readonly size: number; keys(): Iterable<K>; delete(key: K): boolean },
): void => {
  for (const oldest of kept.keys()) {
    if (kept.size <= max) return
    kept.delete(oldest)
  }
}
