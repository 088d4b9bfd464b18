/** A failing input made small: pieces are taken out as long as what is left fails. */
export const shrunk = async (
  input: Uint8Array,
  fails: (smaller: Uint8Array) => Promise<boolean>,
  triesMax = 2_000,
): Promise<Uint8Array> => {
  let best = input
  let tries = 0
  for (let size = Math.ceil(best.length / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2))
    for (let at = 0; at < best.length && tries < triesMax; ) {
      const smaller = Buffer.concat([best.subarray(0, at), best.subarray(at + size)])
      tries++
      if (await fails(smaller)) best = smaller
      else at += size
    }
  return best
}
