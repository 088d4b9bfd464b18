/** The doors, by name. Each is loaded when it is asked for. */
import type { Target } from './target.ts'

const loaders: Readonly<Record<string, () => Promise<Target>>> = {
  wire: async () => (await import('./targets/wire.ts')).wireTarget(),
  libvirt: async () => (await import('./targets/libvirt.ts')).libvirtTarget(),
  api: async () => (await import('./targets/api.ts')).apiTarget(),
  solve: async () => (await import('./targets/solve.ts')).solveTarget(),
  config: async () => (await import('./targets/config.ts')).configTarget(),
  sim: async () => (await import('./targets/sim.ts')).simTarget(),
}

export const targetNames: readonly string[] = Object.keys(loaders)

export const loadTarget = async (name: string): Promise<Target> => {
  const load = loaders[name]
  if (load === undefined) throw new RangeError(`no target ${name}`)
  return load()
}
