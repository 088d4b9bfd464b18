/** The version of every answer of the local API, and of every JSON document that `drover` prints. It stays 1 while they only grow. */
export const schemaVersion = 1 as const
