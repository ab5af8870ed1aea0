/**
 * What Chromium 83 and Safari 15 lack and the code (or a library of ours) calls. The build lowers syntax;
 * these are the functions. Only what is missing is added. Imported first by main.ts and sw.ts.
 */
import { deepCopy } from './deepCopy'

function add(target: object, name: string, value: unknown): void {
  if (!(name in target)) Object.defineProperty(target, name, { value, writable: true, configurable: true })
}

function at<T>(this: ArrayLike<T>, index: number): T | undefined {
  const whole = Math.trunc(index) || 0
  return this[whole < 0 ? this.length + whole : whole]
}

function findLastIndex<T>(this: ArrayLike<T>, matches: (item: T, index: number, all: ArrayLike<T>) => unknown): number {
  for (let index = this.length - 1; index >= 0; index--) {
    if (matches(this[index] as T, index, this)) return index
  }
  return -1
}

function findLast<T>(this: ArrayLike<T>, matches: (item: T, index: number, all: ArrayLike<T>) => unknown): T | undefined {
  return this[findLastIndex.call(this, matches as never)]
}

function replaceAll(this: string, search: string | RegExp, replacement: string): string {
  if (search instanceof RegExp) {
    if (!search.flags.includes('g')) throw new TypeError('replaceAll needs a global RegExp')
    return this.replace(search, replacement)
  }
  const literal = new RegExp(search.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'), 'g')
  return this.replace(literal, replacement)
}

function hasOwn(target: object, key: PropertyKey): boolean {
  return Object.prototype.hasOwnProperty.call(target, key)
}

function any<T>(attempts: Iterable<T | PromiseLike<T>>): Promise<T> {
  const all = [...attempts]
  return new Promise((resolve, reject) => {
    const errors: unknown[] = []
    const give = (error: unknown) => {
      if (errors.push(error) >= all.length) reject(Object.assign(new Error('All promises were rejected'), { errors }))
    }
    if (all.length === 0) give(undefined)
    for (const attempt of all) Promise.resolve(attempt).then(resolve, give)
  })
}

function timeout(milliseconds: number): AbortSignal {
  const controller = new AbortController()
  setTimeout(() => controller.abort(new DOMException('signal timed out', 'TimeoutError')), milliseconds)
  return controller.signal
}

function throwIfAborted(this: AbortSignal): void {
  if (this.aborted) throw this.reason ?? new DOMException('signal is aborted', 'AbortError')
}

function randomUUID(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16))
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x40
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
}

const lists = [Array, Int8Array, Uint8Array, Uint8ClampedArray, Int16Array, Uint16Array, Int32Array, Uint32Array]
for (const { prototype } of [...lists, Float32Array, Float64Array]) {
  add(prototype, 'at', at)
  add(prototype, 'findLast', findLast)
  add(prototype, 'findLastIndex', findLastIndex)
}
add(String.prototype, 'at', at)
add(String.prototype, 'replaceAll', replaceAll)
add(Object, 'hasOwn', hasOwn)
add(Promise, 'any', any)
add(globalThis, 'structuredClone', deepCopy)
add(AbortSignal, 'timeout', timeout)
add(AbortSignal.prototype, 'throwIfAborted', throwIfAborted)
add(crypto, 'randomUUID', randomUUID)
