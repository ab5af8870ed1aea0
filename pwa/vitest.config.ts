import { defineConfig, mergeConfig } from 'vitest/config'
import viteConfig from './vite.config.ts'

export default mergeConfig(
  viteConfig,
  defineConfig({
    test: {
      environment: 'happy-dom',
      include: ['src/**/*.test.ts', 'tests/**/*.test.ts'],
      setupFiles: ['fake-indexeddb/auto'],
      // Vant's and Element Plus's style imports go through vite, not through node.
      server: { deps: { inline: ['vant', 'element-plus'] } },
      css: false,
      testTimeout: 10_000,
    },
  }),
)
