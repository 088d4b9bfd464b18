/** The daemon among real hypervisors that have nothing to do: whatever happens to it, its guests stay as they are. */
import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'
import { until } from '../testbed/testbed.ts'
import { cli, drover, type HostAgent, libvirtSuite, patienceMs, type Story } from './kit.ts'

const suite = libvirtSuite({ hosts: 3 })

/** The guests run where they were, and have gone on meanwhile. */
type AsBefore = () => Promise<void>

const secondAgent = async ({ agent, bed }: Story): Promise<void> => {
  // The same configuration twice; then another data directory, but the same socket. The first does not mind.
  const one = agent(1)
  const second = async (...more: string[]) => {
    const argv = [process.execPath, drover, 'agent', '--config', one.configPath, ...more]
    const child = await bed.host(1).exec(argv)
    let said = ''
    child.stderr?.setEncoding('utf8').on('data', (text) => (said += text))
    child.stdout?.resume()
    return { ...(await child.exited), said }
  }
  const same = await second()
  assert.equal(same.code, 1, same.said)
  assert.match(same.said, /another agent is running on this host/)
  assert.equal(same.said.trim().split('\n').length, 1, same.said)
  const elsewhere = await second('--data-dir', `${one.host.dir}/other`)
  assert.equal(elsewhere.code, 1, elsewhere.said)
  assert.equal(elsewhere.said.trim().split('\n').length, 1, elsewhere.said)
  assert.ok(one.alive && (await one.status()).view.able)
}

const killEach = async ({ agent, agents }: Story, asBefore: AsBefore): Promise<void> => {
  // One after the other, until none is left; then all come back.
  for (const one of agents) {
    await one.kill()
    await asBefore()
  }
  assert.equal((await cli(['status', '--socket', agent(1).socket])).code, 3, 'no agent answers')
}

const connected = async (one: HostAgent): Promise<void> => {
  await until('it is connected', patienceMs, async () => ((await one.status()).view.able ? true : null))
  assert.match((await one.cli('status')).out, /hypervisor +libvirt .*, connected/)
}

const disconnected = async (one: HostAgent): Promise<void> => {
  const { view } = await until('it says that libvirt is gone', patienceMs, async () => {
    const now = await one.status()
    return !now.hypervisor.connected && !now.view.able ? now : null
  })
  assert.ok(view.troubles.includes('hypervisor.unreachable'), view.troubles.join())
  const shown = await one.cli('status', '--strict')
  assert.equal(shown.code, 1, shown.err)
  assert.match(shown.out, /hypervisor +libvirt, not connected: \S/)
}

const libvirtGone = async ({ agent, bed }: Story, asBefore: AsBefore): Promise<void> => {
  // The agent starts before libvirtd does, and loses it again later. It stays up, says so, and connects when it can.
  const [host, one] = [bed.host(1), agent(1)]
  const complaints = () => one.log().filter(({ code }) => code === 'hypervisor.unreachable').length
  await host.killLibvirtd()
  const before = complaints()
  await one.start()
  await disconnected(one)
  await sleep(3_000)
  await disconnected(one)
  assert.ok(complaints() - before <= 1, 'one line for one loss, however long it lasts')
  await host.startLibvirtd()
  await connected(one)
  await host.killLibvirtd()
  await disconnected(one)
  await host.startLibvirtd()
  await connected(one)
  assert.ok(one.alive)
  await asBefore()
}

const orderlyStop = async ({ agent, ring, t }: Story, asBefore: AsBefore): Promise<void> => {
  await Promise.all([agent(2).start(), agent(3).start()])
  await ring()
  const began = performance.now()
  assert.equal(await agent(1).stop(), 0)
  t.diagnostic(`stopped in ${Math.round(performance.now() - began)} ms`)
  await asBefore()
  assert.match(agent(1).log().at(-1)?.msg ?? '', /agent stopped; its VMs go on/)
  await until('hv2 knows that hv1 has left', patienceMs, async () => {
    const { members } = await agent(2).api.members()
    const left = members.find(({ summary }) => summary.name === 'hv1')
    return left === undefined || left.summary.state === 'leaving' || left.state === 'dead' ? true : null
  })
  for (const one of [agent(2), agent(3)])
    assert.deepEqual((await one.status()).view.decisions, [], 'no move was wanted')
}

suite.story(
  'agents at rest: a second one, kill -9, a lost libvirtd, SIGTERM; no guest changes its state',
  { guests: { hot: 1, warm: 2, cool: 3 } },
  async (story) => {
    const { guest, placeOf, t } = story
    const guests = ['hot', 'warm', 'cool'].map(guest)
    const since = performance.now()
    const asBefore: AsBefore = async () => {
      await Promise.all(guests.map((one) => one.ticks(3)))
      assert.deepEqual(await Promise.all(guests.map(placeOf)), [1, 2, 3])
    }
    await t.test('a second agent on the same host is refused in one clear line', () => secondAgent(story))
    await t.test('kill -9 of each agent', () => killEach(story, asBefore))
    await t.test('libvirt not reachable, at the start and later', () => libvirtGone(story, asBefore))
    await t.test('SIGTERM stops an agent in order; the other agents count it as gone', () =>
      orderlyStop(story, asBefore),
    )
    t.diagnostic(
      `longest pause of a guest meanwhile: ${Math.max(...guests.map((one) => one.pauseMsMax(since)))} ms`,
    )
  },
)
