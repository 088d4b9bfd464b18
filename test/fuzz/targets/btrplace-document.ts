/** An instance as BtrPlace writes it, with a constraint of most kinds. */
export const btrplace: object = {
  model: {
    mapping: {
      readyVMs: [9],
      onlineNodes: { 1: { runningVMs: [1, 2, 3], sleepingVMs: [] }, 2: { runningVMs: [4] }, 3: {} },
      offlineNodes: [4],
    },
    attributes: { vms: { 1: { memUsed: 512, hotDirtySize: 5, hotDirtyDuration: 2 } }, nodes: {} },
    views: [
      {
        id: 'shareableResource',
        rcId: 'cpu',
        defCapacity: 8,
        defConsumption: 1,
        nodes: { 1: 4 },
        vms: { 1: 3 },
      },
      { id: 'shareableResource', rcId: 'mem', defCapacity: 8, defConsumption: 1, nodes: {}, vms: {} },
    ],
  },
  constraints: [
    { id: 'spread', vms: [1, 4], continuous: true },
    { id: 'fence', vm: 2, nodes: [2, 3] },
    { id: 'running', vm: 9 },
    { id: 'seq', vms: [1, 2] },
    { id: 'among', vms: [3], parts: [[1], [2, 3]] },
    { id: 'maxOnline', nodes: [1, 2, 3], amount: 3, continuous: false },
  ],
}
