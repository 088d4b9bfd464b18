/** Where a setting came from; told with every problem. */
export type Origin =
  | { readonly kind: 'file'; readonly file: string; readonly line: number | null }
  | { readonly kind: 'env'; readonly name: string }
  | { readonly kind: 'flag'; readonly flag: string }
  | { readonly kind: 'default' }

export const originText = (origin: Origin): string => {
  switch (origin.kind) {
    case 'file':
      return origin.line === null ? origin.file : `${origin.file}:${origin.line}`
    case 'env':
      return `environment ${origin.name}`
    case 'flag':
      return origin.flag
    case 'default':
      return 'default'
    default: {
      const never: never = origin
      return never
    }
  }
}
