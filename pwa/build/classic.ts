/**
 * The files of the first screen as classic scripts. What a service worker stores while it is installed, Chromium
 * compiles at once and keeps compiled, but only classic scripts: modules an old phone would compile anew at each
 * start, a quarter of a second of it. What is loaded later stays modules, and finds the first ones' exports through
 * small modules in their place.
 */
import { createHash } from 'node:crypto'
import type { Plugin, Rolldown } from 'vite'
import { assignedLater, type Node } from './assigned.ts'

/** Where a classic script leaves what it exports, by the name of the module's file. */
const SHELF = 'globalThis.jibanFirst'
const PAGE = 'index.html'
const SMALL = 10_000

interface Exported {
  local: string
  name: string
}

export function classicFirstScreen(): Plugin {
  return {
    name: 'jiban:classic',
    apply: 'build',
    enforce: 'post',
    generateBundle: {
      order: 'post',
      handler(_options, bundle) {
        const page = bundle[PAGE]
        if (page?.type !== 'asset') return
        let html = String(page.source)
        const scripts: string[] = []
        let waiting = ''
        for (const chunk of firstChunks(bundle)) {
          const program = this.parse(chunk.code) as unknown as Node
          const { script, exported, trouble } = classic(chunk, program)
          if (trouble) this.error(`${chunk.fileName} cannot be a classic script: ${trouble}`)
          chunk.code = standIn(chunk.fileName, exported)
          html = html.replace(new RegExp(`\\s*<(script|link)[^>]*"/${chunk.fileName}"[^>]*>(</script>)?`), '')
          waiting += script
          if (waiting.length < SMALL && !chunk.isEntry) continue // not worth a request of its own
          const hash = createHash('sha256').update(waiting).digest('base64url').slice(0, 8)
          const fileName = chunk.fileName.replace(/-[^/]+$/, `-${hash}.classic.js`)
          this.emitFile({ type: 'asset', fileName, source: waiting })
          scripts.push(`<script defer src="/${fileName}"></script>`)
          waiting = ''
        }
        page.source = html.replace('</title>', `</title>\n    ${scripts.join('\n    ')}`)
      },
    },
  }
}

/** The entry and what it imports, each after what it needs. */
function firstChunks(bundle: Rolldown.OutputBundle): Rolldown.OutputChunk[] {
  const found = new Set<Rolldown.OutputChunk>()
  const visit = (fileName: string): void => {
    const chunk = bundle[fileName]
    if (chunk?.type !== 'chunk' || found.has(chunk)) return
    chunk.imports.forEach(visit)
    found.add(chunk)
  }
  for (const file of Object.values(bundle)) if (file.type === 'chunk' && file.isEntry) visit(file.fileName)
  return [...found]
}

function classic(chunk: Rolldown.OutputChunk, program: Node): { script: string; exported: Exported[]; trouble?: string } {
  const exported: Exported[] = []
  const taken: string[] = []
  let rest = chunk.code
  // From the end, so that what is cut leaves the places of the others alone.
  for (const node of [...(program.body as Node[])].reverse()) {
    if (node.type === 'ImportDeclaration') taken.unshift(taking(node, chunk.fileName))
    else if (node.type === 'ExportNamedDeclaration' && !node.declaration && !node.source) exported.push(...exportsOf(node))
    else if (node.type.startsWith('Export')) return { script: '', exported, trouble: `it has an ${node.type}` }
    else continue
    rest = rest.slice(0, node.start) + rest.slice(node.end)
  }
  const moved = assignedLater(program, new Set(exported.map(({ local }) => local)))
  if (moved.length > 0) return { script: '', exported, trouble: `it changes its exports ${moved.join(', ')} later on` }
  const left = exported.map(({ local, name }) => `${JSON.stringify(name)}:${local}`).join()
  const script = [
    `(()=>{"use strict";const metaOfScript={url:document.currentScript.src};${taken.join('')}`,
    rest.replace(/\bimport\.meta\b/g, 'metaOfScript'),
    `;(${SHELF}=${SHELF}||{})[${JSON.stringify(chunk.fileName)}]={${left}}})();`,
  ]
  return { script: script.join('\n'), exported }
}

/** `import{a as x}from"./shared.js"` as a classic script says it. */
function taking(node: Node, from: string): string {
  const { value } = node.source as { value: string }
  const file = new URL(value, `file:///${from}`).pathname.slice(1)
  const names = (node.specifiers as Node[]).map(({ imported, local }) => `${JSON.stringify(nameOf(imported as Node))}:${nameOf(local as Node)}`)
  return `const{${names.join()}}=${SHELF}[${JSON.stringify(file)}];`
}

function exportsOf(node: Node): Exported[] {
  return (node.specifiers as Node[]).map(({ local, exported }) => ({ local: nameOf(local as Node), name: nameOf(exported as Node) }))
}

function nameOf(node: Node): string {
  return String(node.name ?? node.value)
}

/** The module in place of the one that became a classic script. */
function standIn(fileName: string, exported: Exported[]): string {
  const taken = exported.map(({ name }, place) => `${JSON.stringify(name)}:x${place}`)
  const given = exported.map(({ name }, place) => `x${place} as ${name}`)
  return `const{${taken.join()}}=${SHELF}[${JSON.stringify(fileName)}];export{${given.join()}};`
}
