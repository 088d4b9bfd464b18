/** A sampler for tests: all storage is shared, no disk is locked, and what it says is not heard. */
import { Sampler, type SamplerOptions } from '../hypervisor/libvirt/sampler.ts'

export const plainSampler = (changes: Partial<SamplerOptions> = {}): Sampler =>
  new Sampler({
    diskLock: 'none',
    storage: { isShared: () => true, learn: async () => {} },
    bootId: '',
    dirtyRateMs: 0,
    warn: () => {},
    odd: () => {},
    ...changes,
  })
