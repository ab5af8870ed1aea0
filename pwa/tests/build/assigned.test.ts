// @vitest-environment node
import { parseSync } from 'vite'
import { expect, it } from 'vitest'
import { assignedLater, type Node } from '../../build/assigned'

const found = (code: string): string[] => {
  const { program } = parseSync('a.js', code)
  return assignedLater(program as unknown as Node, new Set(['a', 'b']))
}

it.each([
  'var a; function f() { a = 1 }',
  'let a = 0; const f = () => a++',
  'var a; const f = () => { [a] = [1] }',
  'var a; function f() { ({ x: a = 2 } = {}) }',
  'var a; function f() { for (a of []) ; }',
  'var a; function f() { { let a = 1 } a = 2 }',
])('sees that an export gets another value later: %s', (code) => {
  expect(found(code)).toEqual(['a'])
})

it.each([
  'var a; a = 1; function f() { return a }',
  'var a; function f(a) { a = 1 }',
  'var a; function f() { a = 1; if (a) { var a = 2 } }',
  'var a; const f = ({ a }) => { a = 1 }',
  'var a; function f() { try { x() } catch (a) { a = 1 } }',
  'var a; const f = function a() { x.a = 1; x[a] = 2 }',
  'var a; function f() { let a; return () => { a = 1 } }',
])('is not misled by what has the same name or is done while it starts: %s', (code) => {
  expect(found(code)).toEqual([])
})
