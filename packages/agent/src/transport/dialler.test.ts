/**
 * A configured address without a peer id is dialled again after the peer that answered there is gone. Seen on real hosts: an
 * agent that was killed and came back was never let in again, because a peer took itself to be dialling it for ever.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { asHostId, type HostId } from '@drover/protocol'
import type { Connection } from '@libp2p/interface'
import { createAddressBook } from './address-book.ts'
import { createDialler } from './dialler.ts'

const self = asHostId('12D3KooWSelf')
const other = asHostId('12D3KooWOther')

test('an address whose peer has gone is dialled on and on, and no peer is left marked as being dialled', async () => {
  const book = createAddressBook(self, () => true)
  const dialling = new Set<HostId>()
  let connected = false
  let there = true
  let dials = 0
  const one = createDialler({
    book,
    dialling,
    mesh: { fullMeshPeers: 8, wantedPeers: 8 },
    isConnected: () => connected,
    isRefused: () => false,
    connectedPeers: () => (connected ? 1 : 0),
    dial: async () => {
      dials += 1
      if (!there) throw new Error('nobody answers')
      return { remotePeer: { toString: () => other } } as unknown as Connection
    },
    opened: async () => {
      connected = true
    },
    failed: () => {},
  })
  const until = async (what: () => boolean) => {
    while (!what()) await delay(10)
  }
  try {
    book.introduce('/ip4/127.0.0.1/tcp/7946', performance.now())
    one.poke()
    await until(() => connected && dials === 1)
    connected = false
    there = false
    one.poke()
    await until(() => dials >= 4)
    assert.deepEqual([...dialling], [], 'a peer that is being dialled may be refused when it dials us')
    there = true
    await until(() => connected)
  } finally {
    one.stop()
  }
})
