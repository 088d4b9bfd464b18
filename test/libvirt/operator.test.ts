/** What operators do to real hosts: look without acting, let act, drain, move by hand. */
import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Decision } from '@drover/protocol'
import { settingsNamespace } from '../../packages/agent/src/hypervisor/libvirt/domain-xml.ts'
import { until } from '../testbed/testbed.ts'
import { libvirtSuite, patienceMs } from './kit.ts'

const suite = libvirtSuite({ hosts: 3 })

suite.story(
  'observe mode moves nothing, and plan says what it would do; mode auto does it',
  { guests: { hot: 1, warm: 1 }, mode: 'observe' },
  async ({ agent, agents, guest, placeOf }) => {
    const [hot, warm] = [guest('hot'), guest('warm')]
    const nothing = await agent(1).cli('plan', '--detailed-exitcode')
    assert.equal(nothing.code, 8, nothing.out + nothing.err)
    await warm.console('load 40')
    await hot.console('load 55')
    await until('it says what it would do', patienceMs, async () => {
      const { view } = await agent(1).status()
      return view.decisions.find((one) => one.result === 'would') ?? null
    })
    const plan = await agent(1).cli('plan', '--json')
    assert.equal(plan.code, 0, plan.err)
    const { decision } = JSON.parse(plan.out) as { decision: Decision }
    assert.equal(decision.result, 'would')
    assert.equal(decision.reason, 'overload.cpu')
    assert.deepEqual(
      decision.actions.map(({ result }) => result),
      [{ kind: 'would' }],
    )
    const vm = decision.actions[0]!.action.vm
    assert.ok([hot, warm].some((one) => one.uuid === vm))
    assert.match((await agent(1).cli('plan')).out, /hot-|warm-/)
    await sleep(3_000)
    assert.deepEqual([await placeOf(hot), await placeOf(warm)], [1, 1])
    for (const one of agents) {
      const { view } = await one.status()
      assert.deepEqual(view.migrations, [])
      assert.equal(view.lease, null)
    }
    assert.equal((await agent(1).cli('migrate', hot.uuid, '--to', 'auto')).code, 5, 'not even when asked')

    for (const one of agents) assert.equal((await one.cli('mode', 'auto')).code, 0)
    await until('hv1 is cured', patienceMs, async () => {
      const { view } = await agent(1).status()
      return view.decisions.some((one) => one.result === 'cured') && view.migrations.length === 0
        ? true
        : null
    })
    assert.equal([await placeOf(hot), await placeOf(warm)].filter((place) => place === 1).length, 1)
  },
)

suite.story(
  'drain: what is in the way is listed first, then all guests that can leave do',
  {
    guests: { hot: 1, warm: 1, tied: 1, cool: 2 },
    special: {
      tied: { metadata: `<drover:vm xmlns:drover="${settingsNamespace}" pinned="true"/>` },
    },
  },
  async ({ agent, guest, placeOf }) => {
    const [hot, warm, tied] = [guest('hot'), guest('warm'), guest('tied')]
    const refused = await agent(1).cli('drain')
    assert.equal(refused.code, 5, refused.out + refused.err)
    assert.match(refused.err, /tied-\d+.*vm\.pinned/)
    assert.equal((await agent(1).status()).view.draining, false)
    assert.deepEqual(await Promise.all([hot, warm, tied].map(placeOf)), [1, 1, 1], 'nothing has moved')

    const drained = await agent(1).cli('drain', '--on-blocker', 'skip', '--deadline', '60s')
    assert.equal(drained.code, 0, drained.out + drained.err)
    assert.match(drained.out, /^1 VM cannot leave:\n.*tied-\d+.*vm\.pinned/)
    assert.match(drained.out, /2 VMs leave: .*\n/)
    assert.equal(await placeOf(tied), 1)
    assert.ok((await placeOf(hot)) !== 1)
    assert.ok((await placeOf(warm)) !== 1)
    const member = (await agent(2).api.members()).members.find(({ summary }) => summary.name === 'hv1')
    assert.equal(member?.summary.state, 'draining')

    // A drained host takes nothing, not even from an operator, until it is undrained.
    const place = await placeOf(hot)
    const back = await agent(place).cli('migrate', hot.uuid, '--to', 'hv1')
    assert.equal(back.code, 5, back.out + back.err)
    assert.equal(await placeOf(hot), place)
    assert.equal((await agent(1).cli('undrain')).code, 0)
    await until('the others have heard', patienceMs, async () => {
      const { members } = await agent(place).api.members()
      return members.find(({ summary }) => summary.name === 'hv1')?.summary.state === 'up' ? true : null
    })
    await sleep(3_500) // its cool-down
    const again = await agent(place).cli('migrate', hot.uuid, '--to', 'hv1', '--wait')
    assert.equal(again.code, 0, again.out + again.err)
    assert.equal(await placeOf(hot), 1)
  },
)
