/**
 * h0 wants a VM to move to h1, and asks for something that contradicts itself: another VM than the plan's, another destination,
 * an action of another name. h1 refuses it with a code, promises nothing, and its agent lives on.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { actionIdOf, asVmId, type Message, partitionIdOf } from '../../packages/protocol/src/index.ts'
import { virtualCluster } from '../kit/virtual-cluster.ts'

type Admit = Extract<Message, { readonly kind: 'admit' }>

const told = async (lie: (admit: Admit) => Admit) => {
  const cluster = await virtualCluster({ hosts: 2 })
  cluster.vm('a', 0, 5_000)
  cluster.vm('b', 0, 1_000)
  cluster.vm('c', 1, 100)
  cluster.lies(0, (message) => (message.kind === 'admit' ? lie(message) : message))
  await cluster.run(3_000)
  cluster.world.setCpu(asVmId('a'), 8_000)
  await cluster.run(8_000)
  const codes = cluster.messages.flatMap(({ message }) =>
    message.kind === 'not-admitted' ? [message.code] : [],
  )
  assert.deepEqual(cluster.view(1).committedIn, { cpuMilli: 0, memoryMiB: 0 })
  assert.deepEqual(cluster.checker.violations(), [])
  return [...new Set(codes)]
}

test('an admission that contradicts itself is refused, and nothing is promised', async () => {
  const odd: readonly ((admit: Admit) => Admit)[] = [
    (admit) => ({ ...admit, migrate: { ...admit.migrate, vm: asVmId('c') } }),
    (admit) => ({ ...admit, migrate: { ...admit.migrate, to: admit.migrate.from } }),
    (admit) => ({ ...admit, migrate: { ...admit.migrate, from: admit.migrate.to } }),
    (admit) => ({
      ...admit,
      migrate: { ...admit.migrate, id: actionIdOf(partitionIdOf(admit.migrate.to, 1, 1), 7) },
    }),
  ]
  for (const lie of odd) assert.deepEqual(await told(lie), ['plan.malformed'])
})
