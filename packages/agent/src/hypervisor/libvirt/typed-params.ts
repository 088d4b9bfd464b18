/** libvirt's list of named, typed values: what statistics come in and migration parameters go out as. */
import { XdrError, type XdrReader, type XdrWriter } from './xdr.ts'

const valueType = { int: 1, uint: 2, llong: 3, ullong: 4, double: 5, boolean: 6, string: 7 } as const

/** A value to send, with the type that the daemon expects for this name. */
export type TypedParam =
  | { readonly name: string; readonly type: 'ullong'; readonly value: number }
  | { readonly name: string; readonly type: 'string'; readonly value: string }

/** Received values by name. 64-bit numbers become doubles: exact up to 2^53 (104 days of CPU time in ns). */
export type TypedValues = ReadonlyMap<string, number | string | boolean>

export const writeTypedParams = (writer: XdrWriter, params: readonly TypedParam[]): void =>
  writer.array(params, (param) => {
    writer.string(param.name)
    writer.int(valueType[param.type])
    if (param.type === 'ullong') writer.uhyper(BigInt(param.value))
    else writer.string(param.value)
  })

const readValue = (reader: XdrReader): number | string | boolean => {
  const type = reader.int()
  switch (type) {
    case valueType.int:
      return reader.int()
    case valueType.uint:
      return reader.uint()
    case valueType.llong:
      return Number(reader.hyper())
    case valueType.ullong:
      return Number(reader.uhyper())
    case valueType.double:
      return reader.double()
    case valueType.boolean:
      return reader.int() !== 0
    case valueType.string:
      return reader.string()
    default:
      throw new XdrError(`a typed parameter of type ${type}`)
  }
}

export const readTypedParams = (reader: XdrReader, countMax: number): TypedValues => {
  const values = new Map<string, number | string | boolean>()
  reader.array(countMax, () => values.set(reader.string(), readValue(reader)))
  return values
}

/** A number of that name, or `otherwise` when it is missing or no number. */
export const numberOf = <T>(values: TypedValues, name: string, otherwise: T): number | T => {
  const value = values.get(name)
  return typeof value === 'number' ? value : otherwise
}
