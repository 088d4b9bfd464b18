/** Where stories find the cluster's interface; it lives in the simulator's package (`@drover/sim/story`). */
export * from '../../packages/sim/src/story/cluster-api.ts'
