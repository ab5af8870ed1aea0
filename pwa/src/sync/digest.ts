/**
 * Is this copy whole? Per bucket the number of rows and the sum modulo 2⁶⁴ of the first 8 bytes (big-endian) of
 * SHA-256(`type|id|rev`), as 16 hex digits; the server keeps the same in the transaction that changes a row.
 */
import type { Row } from '../local/db'
import { sha256 } from '../lib/sha256'
import type { BucketDigest } from './wire'

const ROWS_AT_ONCE = 100

type Counted = Pick<Row, 'type' | 'id' | 'rev' | 'buckets'>

/** Digests of all buckets among these rows; lets the screen breathe between pieces. */
export async function digestOf(rows: Counted[]): Promise<Map<string, BucketDigest>> {
  const sums = new Map<string, { count: number; sum: bigint }>()
  for (let place = 0; place < rows.length; place += 1) {
    if (place % ROWS_AT_ONCE === ROWS_AT_ONCE - 1) await new Promise((resolve) => setTimeout(resolve))
    const row = rows[place] as Counted
    const weight = weightOf(row)
    for (const bucket of row.buckets) {
      const before = sums.get(bucket) ?? { count: 0, sum: BigInt(0) }
      sums.set(bucket, { count: before.count + 1, sum: BigInt.asUintN(64, before.sum + weight) })
    }
  }
  return new Map(
    [...sums].map(([bucket, { count, sum }]) => [bucket, { count, checksum: sum.toString(16).padStart(16, '0') }]),
  )
}

/** Buckets in which this copy differs from the server's digest; those the server does not name must be empty. */
export async function brokenBuckets(rows: Counted[], server: Record<string, BucketDigest>): Promise<string[]> {
  const mine = await digestOf(rows)
  const names = new Set([...mine.keys(), ...Object.keys(server)])
  return [...names].filter((name) => {
    const here = mine.get(name) ?? { count: 0, checksum: '0'.repeat(16) }
    const there = server[name] ?? { count: 0, checksum: '0'.repeat(16) }
    return here.count !== there.count || (there.count > 0 && here.checksum !== there.checksum)
  })
}

function weightOf(row: Counted): bigint {
  const digest = sha256(new TextEncoder().encode(`${row.type}|${row.id}|${row.rev}`))
  return new DataView(digest.buffer).getBigUint64(0)
}
