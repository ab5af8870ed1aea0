/**
 * What Chromium 83 and Safari 15 lack and the code (or a library of ours) calls. The build lowers syntax;
 * these are the functions. Only what is missing is added. Imported first by main.ts and sw.ts.
 */
import { deepCopy } from './deepCopy'
import * as standIns from './standIns'

function add(target: object, name: string, value: unknown): void {
  if (!(name in target)) Object.defineProperty(target, name, { value, writable: true, configurable: true })
}

const lists = [Array, Int8Array, Uint8Array, Uint8ClampedArray, Int16Array, Uint16Array, Int32Array, Uint32Array]
for (const { prototype } of [...lists, Float32Array, Float64Array]) {
  add(prototype, 'at', standIns.at)
  add(prototype, 'findLast', standIns.findLast)
  add(prototype, 'findLastIndex', standIns.findLastIndex)
}
add(String.prototype, 'at', standIns.at)
add(String.prototype, 'replaceAll', standIns.replaceAll)
add(Object, 'hasOwn', standIns.hasOwn)
add(Promise, 'any', standIns.any)
add(globalThis, 'structuredClone', deepCopy)
add(AbortSignal, 'timeout', standIns.timeout)
add(AbortSignal.prototype, 'throwIfAborted', standIns.throwIfAborted)
add(crypto, 'randomUUID', standIns.randomUUID)
