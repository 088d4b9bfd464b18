export * from './ids.ts'
export * from './resources.ts'
