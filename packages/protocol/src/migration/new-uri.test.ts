/** A peer names the URI to which a VM is to go: it is opened only where the peer announces the same to all. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { attackedHost, attacker, planned } from '../testing/attacked-host.ts'
import { summaryOf } from '../testing/load-summary.ts'

const uri = 'qemu+tls://victim.example:22/system'

/** What comes of it when the destination admits the VM with that URI; null = it has announced nothing at all. */
const admittedAt = (announced: string | null): readonly string[] => {
  const host = attackedHost()
  if (announced !== null)
    host.after(1, { kind: 'heard', summary: { ...summaryOf(attacker), migrationUri: announced } })
  const { partition, epoch, action } = planned(host)
  host.say({ kind: 'begin', partition, epoch, action })
  return host
    .say({ kind: 'admitted', partition, epoch: 0, action, uri, validMs: 4_000 })
    .flatMap((effect) =>
      effect.kind === 'perform' ? ['perform'] : effect.kind === 'warn' ? [effect.code] : [],
    )
}

test('a VM goes to no URI that its destination does not announce', () => {
  assert.deepEqual(admittedAt(uri), ['perform'])
  assert.deepEqual(admittedAt(''), ['peer.uri_refused'])
  assert.deepEqual(admittedAt(null), ['peer.uri_refused'])
  assert.deepEqual(admittedAt('qemu+tls://attacker/system'), ['peer.uri_refused'])
})
