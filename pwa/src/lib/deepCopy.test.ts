import { describe, expect, it } from 'vitest'
import { deepCopy } from './deepCopy'

describe('deepCopy', () => {
  it('copies what a ticket and a photo are made of', () => {
    const original = {
      when: new Date(0), list: [1, undefined, null, 'x'], map: new Map([['k', { n: 1 }]]), set: new Set([1]),
      bytes: new Uint8Array([1, 2, 3]).subarray(1), buffer: new ArrayBuffer(2), pattern: /a/gi,
    }
    const copied = deepCopy(original)
    expect(copied).toEqual(original)
    expect(copied.map.get('k')).not.toBe(original.map.get('k'))
    original.bytes[0] = 9
    expect([...copied.bytes]).toEqual([2, 3])
  })

  it('keeps shared parts shared and cycles closed', () => {
    const shared = { n: 1 }
    const original: Record<string, unknown> = { a: shared, b: shared }
    original.self = original
    const copied = deepCopy(original)
    expect(copied.a).toBe(copied.b)
    expect(copied.a).not.toBe(shared)
    expect(copied.self).toBe(copied)
  })

  it('hands the same blob on, since a blob cannot change', () => {
    const blob = new Blob(['x'])
    expect(deepCopy({ blob }).blob).toBe(blob)
  })

  it('refuses a function as structuredClone does', () => {
    expect(() => deepCopy({ act: () => 1 })).toThrow(/could not be cloned/)
  })
})
