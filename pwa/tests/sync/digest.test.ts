// @vitest-environment node
import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { sha256, sha256Of } from '../../src/lib/sha256'
import { hexOf, uuid7 } from '../../src/lib/ids'
import { brokenBuckets, digestOf } from '../../src/sync/digest'

const row = (id: string, rev: number, buckets = ['b']) => ({ type: 'ticket', id, rev, buckets })

describe('SHA-256', () => {
  it.each([0, 1, 55, 56, 63, 64, 65, 119, 1_000])('agrees with another implementation on %i bytes', async (length) => {
    const bytes = new Uint8Array(length).map((_zero, place) => (place * 7) % 256)
    const expected = createHash('sha256').update(bytes).digest('hex')
    expect(hexOf(sha256(bytes))).toBe(expected)
    expect(await sha256Of(bytes.buffer)).toBe(expected)
  })
})

describe('a bucket digest', () => {
  it('is the sum of the first eight bytes, big-endian, modulo 2^64, as 16 hex digits', async () => {
    const sum = ['a', 'b', 'c'].reduce((total, id) => {
      return total + createHash('sha256').update(`ticket|${id}|5`).digest().readBigUInt64BE(0)
    }, 0n)
    const mine = await digestOf([row('a', 5), row('b', 5), row('c', 5)])
    expect(mine.get('b')).toEqual({ count: 3, checksum: (sum % (1n << 64n)).toString(16).padStart(16, '0') })
  })

  it('does not depend on the order of rows', async () => {
    const rows = [row('a', 1), row('b', 2), row('c', 3)]
    expect(await digestOf(rows)).toEqual(await digestOf([...rows].reverse()))
  })

  it('differs when one row is a revision behind, and names only its bucket', async () => {
    const server = Object.fromEntries(await digestOf([row('a', 2, ['x']), row('b', 1, ['y'])]))
    expect(await brokenBuckets([row('a', 1, ['x']), row('b', 1, ['y'])], server)).toEqual(['x'])
  })

  it('of an empty bucket is nothing to worry about', async () => {
    expect(await brokenBuckets([], { b: { count: 0, checksum: '0000000000000000' } })).toEqual([])
  })
})

it('ids sort by time and are UUIDv7', () => {
  const ids = [1_000, 2_000, 1_795_000_000_000].map(uuid7)
  expect([...ids].sort()).toEqual(ids)
  for (const id of ids) expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
})
