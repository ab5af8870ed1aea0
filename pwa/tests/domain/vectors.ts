// The vectors that pytest replays on the server's rules.
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'

export function vectors<T>(name: string): T {
  const path = resolve(import.meta.dirname, `../../../tests/vectors/${name}.json`)
  return JSON.parse(readFileSync(path, 'utf-8')) as T
}
