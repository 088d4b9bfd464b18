/**
 * How much of a migration a link carries: bits per second of the line, less what Ethernet, IP and TCP take of it. A full
 * frame is 1538 bytes on the line (preamble and gap included) and holds 1448 bytes of the stream (MTU 1500, TCP with
 * time stamps), which is 94 %.
 */
const framePayloadBytes = 1_448
const frameLineBytes = 1_538

/** MiB/s that a migration gets out of a line of so many Mbit/s. */
export const payloadMiBpsOf = (lineMbps: number): number =>
  ((lineMbps * 1e6) / 8 / 2 ** 20) * (framePayloadBytes / frameLineBytes)
