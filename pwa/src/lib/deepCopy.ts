/** A stand-in for structuredClone on engines without it: data and binary values, shared parts and cycles kept. */
export function deepCopy<T>(value: T): T {
  return copy(value, new Map()) as T
}

function copy(value: unknown, seen: Map<object, unknown>): unknown {
  if (typeof value === 'function' || typeof value === 'symbol') throw uncloneable(value)
  if (typeof value !== 'object' || value === null) return value
  if (seen.has(value)) return seen.get(value)
  const keep = <C>(made: C): C => {
    seen.set(value, made)
    return made
  }
  if (Array.isArray(value)) {
    const made: unknown[] = keep([])
    for (const item of value) made.push(copy(item, seen))
    return made
  }
  if (value instanceof Date) return keep(new Date(value.getTime()))
  if (value instanceof RegExp) return keep(new RegExp(value.source, value.flags))
  if (value instanceof ArrayBuffer) return keep(value.slice(0))
  if (ArrayBuffer.isView(value)) return keep(copyView(value, seen))
  if (value instanceof Blob) return value // immutable, so the same one will do
  if (value instanceof Map) {
    const made = keep(new Map<unknown, unknown>())
    for (const [key, item] of value) made.set(copy(key, seen), copy(item, seen))
    return made
  }
  if (value instanceof Set) {
    const made = keep(new Set<unknown>())
    for (const item of value) made.add(copy(item, seen))
    return made
  }
  return copyRecord(value, keep, seen)
}

function copyRecord(value: object, keep: <C>(made: C) => C, seen: Map<object, unknown>): object {
  if (value instanceof Error) {
    return keep(Object.assign(new Error(value.message), { name: value.name, stack: value.stack }))
  }
  const made: Record<string, unknown> = keep({})
  for (const [key, item] of Object.entries(value)) made[key] = copy(item, seen)
  return made
}

function copyView(view: ArrayBufferView, seen: Map<object, unknown>): ArrayBufferView {
  const buffer = copy(view.buffer, seen) as ArrayBuffer
  if (view instanceof DataView) return new DataView(buffer, view.byteOffset, view.byteLength)
  const Kind = view.constructor as new (buffer: ArrayBuffer, offset: number, length: number) => ArrayBufferView
  return new Kind(buffer, view.byteOffset, (view as Uint8Array).length)
}

function uncloneable(value: unknown): Error {
  return new DOMException(`${String(value)} could not be cloned`, 'DataCloneError')
}
