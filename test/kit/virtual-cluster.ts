/** Where stories find the cluster in virtual time; it lives in the simulator's package (`@drover/sim/story`). */
export { virtualCluster } from '../../packages/sim/src/story/virtual-cluster.ts'
