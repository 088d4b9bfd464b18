/** The transport's numbers, each with the failure that it prevents. */

export const bounds = {
  /** Messages and bytes that wait for one peer. Against a slow or absent peer eating our memory. */
  queueMessagesMax: 256,
  queueBytesMax: 4 * 1_048_576,
  /** A message waits this long for a connection, ms. The core has asked again or given up by then. */
  queueMsMax: 2_000,

  /**
   * In a cluster of up to `fullMeshPeers` others all connect to all; in a larger one each agent keeps up
   * `wantedPeers` connections, and `send` opens what else it needs. One connection costs about 12 ms of CPU and 0.2 MiB
   * at each end, once: nothing for a host, but too much for 64 agents that share one process.
   */
  mesh: { fullMeshPeers: 64, wantedPeers: 24 },
  meshOnOneMachine: { fullMeshPeers: 15, wantedPeers: 5 },
  connectionsMax: 128,
  /** Peers whose addresses are remembered, and what one exchange may tell. */
  knownPeersMax: 1_024,
  toldPeersMax: 256,
  addressesPerPeerMax: 8,
  addressCharsMax: 256,
  exchangeBytesMax: 262_144,
  /** A peer that could not be reached for this long is forgotten (bootstrap addresses never), ms. */
  forgetMs: 3_600_000,

  /** Dials at a time. More dials make each one slower, until all of them time out. */
  dialsMax: 4,
  dialMs: 10_000,
  /** How long opening a stream, or exchanging addresses, may take, ms. */
  streamMs: 5_000,
  exchangeMs: 10_000,
  /** A peer that was let in has this long to become a connection, before our own dial to it counts again, ms. */
  enterMs: 1_000,
  /** How often one connected peer is asked again which others it knows, ms. Mends a cluster that started in two halves. */
  exchangeEveryMs: 30_000,

  /**
   * Connections from outside that may wait for that proof, and those of one address: a silent one costs 50 kB. Against one stranger
   * that keeps all others out.
   */
  pendingMax: 1_024,
  pendingPerSourceMax: 384,
  /** How long the other side may take to prove that it has the cluster key, ms. */
  keyProofMs: 5_000,
  /** The connection of a wrong key is closed this late, ms: its peer can still read our proof, and guessing keys is slow. */
  keyRefusalMs: 100,

  /** Every connection is probed this often, ms, and a silent one is cut. With many connections each is probed more rarely. */
  probeMs: 1_000,
  probeTimeoutMs: 2_000,
  /** Up to this many connections are probed at the full rate: 16 agents × 15 connections cost about 2 % of a core. */
  probedPeersAtFullRate: 16,
  /** 64 agents of one process would ask a thousand times a second otherwise. */
  probedPeersAtFullRateOnOneMachine: 2,

  /** Signed summaries that the agents of one process need not check again. */
  provenMax: 512,

  /** Each garbage message closes its stream. So many of one peer within the window close the connection, too. */
  garbageMax: 3,
  garbageWindowMs: 10_000,
  /** Then the peer is refused for so long, ms. */
  banMs: 30_000,
} as const
