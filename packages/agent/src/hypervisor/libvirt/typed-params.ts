/** libvirt's list of named, typed values: what statistics come in and migration parameters go out as. */
import { type Fields, textBytesMax } from './told-bounds.ts'
import { stringBytesMax, XdrError, type XdrReader, type XdrWriter } from './xdr.ts'

const valueType = { int: 1, uint: 2, llong: 3, ullong: 4, double: 5, boolean: 6, string: 7 } as const

/** A value to send, with the type that the daemon expects for this name. */
export type TypedParam =
  | { readonly name: string; readonly type: 'ullong'; readonly value: number }
  | { readonly name: string; readonly type: 'string'; readonly value: string }

/** Received numbers by name. Those of 64 bits become doubles: exact up to 2^53 (104 days of CPU time in ns). */
export type TypedValues = ReadonlyMap<string, number>

export const writeTypedParams = (writer: XdrWriter, params: readonly TypedParam[]): void =>
  writer.array(params, (param) => {
    writer.string(param.name)
    writer.int(valueType[param.type])
    if (param.type === 'ullong') writer.uhyper(BigInt(param.value))
    else writer.string(param.value)
  })

/** Null for what is no number. */
const readNumber = (reader: XdrReader): number | null => {
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
      reader.int()
      return null
    case valueType.string:
      reader.opaque(stringBytesMax)
      return null
    default:
      throw new XdrError(`a typed parameter of type ${type}`)
  }
}

/** Of a list, the values that `fields` names and that can be so. */
export const readTypedParams = (reader: XdrReader, countMax: number, fields: Fields): TypedValues => {
  const values = new Map<string, number>()
  reader.eachOf(countMax, () => {
    const name = reader.text('the name of a value', textBytesMax.fieldName)
    const told = readNumber(reader)
    const bound = name === null ? null : fields(name)
    if (name === null || bound === null || told === null) return
    const value = reader.within(bound, told, name)
    if (value !== null) values.set(name, value)
  })
  return values
}

/** The number of that name, or `otherwise` when it was not told. */
export const numberOf = <T>(values: TypedValues, name: string, otherwise: T): number | T =>
  values.get(name) ?? otherwise
