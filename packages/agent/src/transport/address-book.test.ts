/** Which peer is known where, and when to dial next. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { asHostId, type HostId } from '@drover/protocol'
import { retryPauses } from '../retry-pauses.ts'
import { type AddressBook, addressesOf, createAddressBook } from './address-book.ts'
import { bounds } from './bounds.ts'

const name = (letter: string) => asHostId(`12D3KooW${letter.repeat(44)}`)
const [self, b, c] = [name('A'), name('B'), name('C')]
const everyone = () => true
const targetOf = (book: AddressBook, id: HostId) => book.target(id) ?? assert.fail(`${id} is not known`)

test('a peer knows best where it is', () => {
  // C says that B is at 1; B itself says 2; then C repeats its old news.
  const book = createAddressBook(self, everyone)
  book.hearsay({ id: b, addresses: ['/ip4/10.0.0.1/tcp/1'] }, 0)
  book.announced({ id: b, addresses: ['/ip4/10.0.0.2/tcp/1'] }, 1)
  book.hearsay({ id: b, addresses: ['/ip4/10.0.0.1/tcp/1'] }, 2)
  assert.deepEqual(addressesOf(targetOf(book, b)), [`/ip4/10.0.0.2/tcp/1/p2p/${b}`])
})

test('addresses that an operator configured stay, whatever the peer says', () => {
  const book = createAddressBook(self, everyone)
  book.introduce(`/dns4/b.example/tcp/1/p2p/${b}`, 0)
  book.announced({ id: b, addresses: ['/ip4/10.0.0.2/tcp/1'] }, 1)
  assert.deepEqual(addressesOf(targetOf(book, b)), [
    `/dns4/b.example/tcp/1/p2p/${b}`,
    `/ip4/10.0.0.2/tcp/1/p2p/${b}`,
  ])
})

test('no peer is listed under the address of another, nor ourselves, nor a peer that may not take part', () => {
  const book = createAddressBook(self, (id) => id !== c)
  book.hearsay({ id: b, addresses: [`/ip4/10.0.0.1/tcp/1/p2p/${c}`, 'nonsense'] }, 0)
  book.hearsay({ id: self, addresses: ['/ip4/10.0.0.1/tcp/1'] }, 0)
  book.hearsay({ id: c, addresses: ['/ip4/10.0.0.1/tcp/1'] }, 0)
  assert.equal(book.size(), 0)
})

test('each failure makes the next pause longer, up to a limit; success forgets them', () => {
  const book = createAddressBook(self, everyone)
  book.introduce(`/ip4/10.0.0.2/tcp/1/p2p/${b}`, 0)
  const target = targetOf(book, b)
  for (let failures = 1; failures <= 40; failures++) {
    book.failed(target, 0)
    const full = Math.min(retryPauses.dial.maxMs, retryPauses.dial.firstMs * 2 ** (failures - 1))
    assert(target.nextAt >= full / 2 && target.nextAt <= full * 1.5, `${failures}: ${target.nextAt}`)
  }
  book.connected(b, 5)
  book.disconnected(b, 10)
  assert(target.nextAt <= 10 + retryPauses.dial.firstMs * 1.5)
})

test('a peer that was gone for long is forgotten, unless an operator named it', () => {
  const book = createAddressBook(self, everyone)
  book.hearsay({ id: b, addresses: ['/ip4/10.0.0.2/tcp/1'] }, 0)
  book.introduce(`/ip4/10.0.0.3/tcp/1/p2p/${c}`, 0)
  for (const id of [b, c]) book.failed(targetOf(book, id), 0)
  book.prune(bounds.forgetMs)
  assert.equal(book.size(), 2)
  book.prune(bounds.forgetMs + 1)
  assert.equal(book.target(b), undefined)
  assert.notEqual(book.target(c), undefined)
})

test('the address book is bounded, however many hosts a faulty peer invents', () => {
  // A faulty peer tells of more hosts than there can be.
  const book = createAddressBook(self, everyone)
  for (let i = 0; i < bounds.knownPeersMax * 2; i++) {
    book.hearsay({ id: asHostId(`peer${i}`), addresses: ['/ip4/10.0.0.2/tcp/1'] }, 0)
  }
  assert.equal(book.size(), bounds.knownPeersMax)
})
