import { fileURLToPath, URL } from 'node:url'
import VueI18n from '@intlify/unplugin-vue-i18n/vite'
import { VantResolver } from '@vant/auto-import-resolver'
import vue from '@vitejs/plugin-vue'
import Components from 'unplugin-vue-components/vite'
import { ElementPlusResolver } from 'unplugin-vue-components/resolvers'
import { defineConfig } from 'vite'
import { VitePWA } from 'vite-plugin-pwa'
import { chunkGroups, chunkPath, keepFirstScreenLight, OFFICE_ONLY_GLOB, stylePath } from './build/chunks.ts'
import { classicFirstScreen } from './build/classic.ts'
import { manifest } from './build/manifest.ts'

// The oldest phones Jiban promises to run on. The lint rules know the same floor from package.json's browserslist.
const OLDEST_BROWSERS = ['es2020', 'chrome83', 'safari15']

const path = (relative: string) => fileURLToPath(new URL(relative, import.meta.url))

export default defineConfig({
  resolve: {
    alias: {
      '@': path('./src'),
      // Its build for engines of this decade: the other one looks at its own stack as it starts, which is all of our code.
      dexie: path('./node_modules/dexie/dist/modern/dexie.mjs'),
    },
  },
  plugins: [
    vue(),
    // Vant and Element Plus components are imported where a template names them, each with its own style.
    Components({
      dts: false,
      dirs: [],
      resolvers: [VantResolver(), ElementPlusResolver({ importStyle: 'css' })],
    }),
    // Messages are compiled here, so the page needs no compiler and no eval under the strict CSP.
    VueI18n({
      include: [path('./src/locales/**')],
      runtimeOnly: true,
      compositionOnly: true,
      fullInstall: false,
      strictMessage: false,
    }),
    VitePWA({
      strategies: 'injectManifest',
      srcDir: 'src',
      filename: 'sw.ts',
      registerType: 'prompt',
      injectRegister: null,
      manifest,
      injectManifest: {
        // A module worker would need Chromium 91.
        rollupFormat: 'iife',
        target: OLDEST_BROWSERS,
        globPatterns: ['**/*.{js,css,html,svg,png,webp,woff2,webmanifest}'],
        globIgnores: ['sw.js', OFFICE_ONLY_GLOB],
        maximumFileSizeToCacheInBytes: 1_500_000,
      },
      devOptions: { enabled: false },
    }),
    keepFirstScreenLight(),
    classicFirstScreen(),
  ],
  css: { lightningcss: { errorRecovery: false } },
  build: {
    target: OLDEST_BROWSERS,
    cssTarget: ['chrome83', 'safari15'],
    assetsInlineLimit: 2_048,
    chunkSizeWarningLimit: 700,
    reportCompressedSize: false,
    rolldownOptions: {
      output: {
        chunkFileNames: chunkPath,
        assetFileNames: stylePath,
        codeSplitting: { groups: chunkGroups },
      },
    },
  },
  server: {
    port: 5173,
    proxy: { '/api': `http://127.0.0.1:${process.env.PORT ?? '8000'}` },
  },
})
