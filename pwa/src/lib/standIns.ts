/** Stand-ins for functions that the oldest phones lack; polyfills.ts puts them where they belong. */

export function at<T>(this: ArrayLike<T>, index: number): T | undefined {
  const whole = Math.trunc(index) || 0
  return this[whole < 0 ? this.length + whole : whole]
}

export function findLastIndex<T>(this: ArrayLike<T>, matches: (item: T, index: number, all: ArrayLike<T>) => unknown): number {
  for (let index = this.length - 1; index >= 0; index--) {
    if (matches(this[index] as T, index, this)) return index
  }
  return -1
}

export function findLast<T>(this: ArrayLike<T>, matches: (item: T, index: number, all: ArrayLike<T>) => unknown): T | undefined {
  return this[findLastIndex.call(this, matches as never)]
}

export function replaceAll(this: string, search: string | RegExp, replacement: string): string {
  if (search instanceof RegExp) {
    if (!search.flags.includes('g')) throw new TypeError('replaceAll needs a global RegExp')
    return this.replace(search, replacement)
  }
  const literal = new RegExp(search.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'), 'g')
  return this.replace(literal, replacement)
}

export function hasOwn(target: object, key: PropertyKey): boolean {
  return Object.prototype.hasOwnProperty.call(target, key)
}

export function any<T>(attempts: Iterable<T | PromiseLike<T>>): Promise<T> {
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

export function timeout(milliseconds: number): AbortSignal {
  const controller = new AbortController()
  setTimeout(() => controller.abort(new DOMException('signal timed out', 'TimeoutError')), milliseconds)
  return controller.signal
}

export function throwIfAborted(this: AbortSignal): void {
  if (this.aborted) throw this.reason ?? new DOMException('signal is aborted', 'AbortError')
}

export function randomUUID(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16))
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x40
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
}
