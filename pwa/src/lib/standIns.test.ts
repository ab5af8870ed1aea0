import { describe, expect, it, vi } from 'vitest'
import { any, at, findLast, findLastIndex, hasOwn, randomUUID, replaceAll, timeout } from './standIns'

describe('the stand-ins for old phones', () => {
  it('find from the end', () => {
    expect([at.call([1, 2, 3], -1), at.call([1, 2, 3], 0), at.call([1], 5)]).toEqual([3, 1, undefined])
    expect(at.call('即办' as unknown as string[], -1)).toBe('办')
    expect(findLast.call([1, 2, 3, 4], (n) => (n as number) % 2 === 1)).toBe(3)
    expect(findLastIndex.call([1, 3], (n) => n === 2)).toBe(-1)
  })

  it('replace every occurrence, literally', () => {
    expect(replaceAll.call('a.b.c', '.', '-')).toBe('a-b-c')
    expect(replaceAll.call('a1b22', /\d/g, '#')).toBe('a#b##')
    expect(() => replaceAll.call('a', /a/, 'b')).toThrow(TypeError)
  })

  it('answer whether an object owns a key', () => {
    expect([hasOwn({ a: 1 }, 'a'), hasOwn({}, 'toString')]).toEqual([true, false])
  })

  it('take the first promise that holds', async () => {
    await expect(any([Promise.reject(new Error('no')), Promise.resolve(2)])).resolves.toBe(2)
    await expect(any([Promise.reject(new Error('no'))])).rejects.toThrow('All promises were rejected')
    await expect(any([])).rejects.toThrow('All promises were rejected')
  })

  it('abort after a time', async () => {
    const signal = timeout(1)
    await vi.waitFor(() => expect(signal.aborted).toBe(true))
  })

  it('make version 4 identifiers', () => {
    expect(randomUUID()).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
    expect(randomUUID()).not.toBe(randomUUID())
  })
})
