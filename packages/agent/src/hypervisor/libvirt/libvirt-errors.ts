/** libvirt's errors, as the hypervisor port names them. */
import { HypervisorError, type HypervisorErrorCode } from '../hypervisor-port.ts'
import { textBytesMax } from './told-bounds.ts'
import type { XdrReader } from './xdr.ts'

/** Numbers of libvirt's errors that decide something here. */
export const libvirtCode = {
  noSupport: 3,
  noDomain: 42,
  authFailed: 45,
  operationInvalid: 55,
  operationTimeout: 68,
  argumentUnsupported: 74,
  operationUnsupported: 84,
} as const

/** The hypervisor answered, with an error. */
export class LibvirtError extends HypervisorError {
  readonly libvirtCode: number
  constructor(code: HypervisorErrorCode, libvirt: number, message: string) {
    super(code, message)
    this.libvirtCode = libvirt
  }
}

const codeOf = (code: number): HypervisorErrorCode => {
  switch (code) {
    case libvirtCode.noDomain:
      return 'vm.absent'
    case libvirtCode.noSupport:
    case libvirtCode.argumentUnsupported:
    case libvirtCode.operationUnsupported:
      return 'not_supported'
    default:
      return 'hypervisor.refused'
  }
}

/** Reads the error that stands in for a result; fields after the message repeat it in parts and are left. */
export const readLibvirtError = (reader: XdrReader): LibvirtError => {
  const code = reader.int()
  reader.int() // the part of libvirt that it came from
  const message = reader.optional(() => reader.words(textBytesMax.words))
  return new LibvirtError(codeOf(code), code, message ?? `libvirt error ${code}`)
}

export const isLibvirtError = (error: unknown, code: number): boolean =>
  error instanceof LibvirtError && error.libvirtCode === code

export const unreachable = (reason: string, cause?: unknown): HypervisorError =>
  new HypervisorError('hypervisor.unreachable', reason, cause === undefined ? undefined : { cause })
