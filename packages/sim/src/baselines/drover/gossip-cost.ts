/** What modelled gossip would have cost: copies of summaries, probes and their answers, counted instead of sent. */
import { encodeMessage, encodeSummary, type LoadSummary, limits } from '@drover/protocol'
import type { RunMetrics } from '../../run/simulated-run.ts'

/**
 * `D` of the daemon's gossipsub (agent/transport/gossip.ts): to so many others in its mesh an agent passes a summary
 * on.
 */
const meshPeers = 3
/**
 * What the daemon's envelope adds to a summary (agent/transport/envelope.ts): version, public key, number, signature.
 */
const sealBytes = 1 + 32 + 8 + 64

export const sealed = (bytes: Uint8Array): number => sealBytes + bytes.length

export const sealedBytes = (summary: LoadSummary): number => sealed(encodeSummary(summary))

/** Sendings until all have it: the author's to its mesh, and each other's to its mesh but for the sender. */
export const copiesOf = (subscribers: number): number => {
  const peers = Math.max(0, Math.min(meshPeers, subscribers - 1))
  return peers === 0 ? 0 : peers + (subscribers - 1) * (peers - 1)
}

/** In every fourth period one of all known hosts is probed beside a neighbour (protocol/ring/probe.ts). */
const probesPerPeriod = 1.25

/** Every agent probes all the time, and each probe is answered. `self`, `subject`: as long as ids are. */
export const countProbes = (
  metrics: RunMetrics,
  hosts: number,
  durationMs: number,
  subject: LoadSummary['host'],
): void => {
  if (hosts < 2) return
  const each = Math.floor((durationMs / limits.probeMs) * probesPerPeriod)
  // Numbers grow: the one in the middle has the usual length.
  const common = { incarnation: 1, sequence: each >> 1 }
  const ping = encodeMessage({ kind: 'ping', ...common }).length
  const ack = encodeMessage({ kind: 'ack', ...common, subject }).length
  metrics.messages(2 * hosts * each, hosts * each * (ping + ack))
}

export const countSummary = (metrics: RunMetrics, bytes: number, subscribers: number): void => {
  const copies = copiesOf(subscribers)
  metrics.messages(copies, copies * bytes)
}
