/** How the code is cut into files, so that a phone never downloads the office's libraries. */
import type { Plugin, Rolldown } from 'vite'

const inPackage = (...names: string[]) => new RegExp(`[\\\\/]node_modules[\\\\/](${names.join('|')})[\\\\/]`)

// What both sides share comes first: a group takes along whatever its modules import that no earlier group holds.
const SHARED = inPackage('vue', '@vue', 'vue-router', 'vue-i18n', '@intlify', 'dexie')
const HEAVY: Record<string, RegExp> = {
  'element-plus': inPackage('element-plus', '@element-plus', '@vueuse', 'lodash-es', '@floating-ui', 'async-validator'),
  echarts: inPackage('echarts', 'zrender'),
}
// Its routes are named on the first screen; what they load is not.
const OFFICE_ROOM = /[\\/]src[\\/](views|components)[\\/]office[\\/](?!(routes|pages)\.ts$)/
const OFFICE_ONLY = [...Object.values(HEAVY), OFFICE_ROOM]

export const OFFICE_ONLY_GLOB = 'assets/office/**'

export const chunkGroups = [
  { name: 'shared', test: SHARED, priority: 30 },
  // The first screen in one file: each costs a turn through the service worker and the page's one thread.
  { name: 'first', tags: ['$initial' as const], priority: 20 },
  ...Object.entries(HEAVY).map(([name, test]) => ({ name, test, priority: 10 })),
]

/** Office files get a folder of their own, which the service worker does not fetch in advance. */
export function chunkPath(chunk: Rolldown.PreRenderedChunk): string {
  const own = chunk.moduleIds.filter((id) => !id.startsWith('\0'))
  const office = own.length > 0 && own.every((id) => OFFICE_ONLY.some((room) => room.test(id)))
  return office || chunk.name in HEAVY ? 'assets/office/[name]-[hash].js' : 'assets/[name]-[hash].js'
}

export function stylePath(asset: Rolldown.PreRenderedAsset): string {
  const office = asset.names.some((name) => Object.keys(HEAVY).some((heavy) => name.startsWith(heavy)))
  return office ? 'assets/office/[name]-[hash][extname]' : 'assets/[name]-[hash][extname]'
}

/** Stop the build when the first screen would pull in a library that only the office needs. */
export function keepFirstScreenLight(): Plugin {
  return {
    name: 'jiban:first-screen',
    apply: 'build',
    generateBundle(_options, bundle) {
      const chunks = new Map(Object.values(bundle).flatMap((file) => (file.type === 'chunk' ? [[file.fileName, file]] : [])))
      const reached = new Set([...chunks.values()].filter((chunk) => chunk.isEntry).map((chunk) => chunk.fileName))
      for (const name of reached) {
        chunks.get(name)?.imports.forEach((imported) => reached.add(imported))
      }
      for (const name of reached) {
        const heavy = chunks.get(name)?.moduleIds.find((id) => OFFICE_ONLY.some((room) => room.test(id)))
        if (heavy) this.error(`the first screen would load ${heavy} (in ${name}); import it lazily`)
      }
    },
  }
}
