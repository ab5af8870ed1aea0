import js from '@eslint/js'
import { createTypeScriptImportResolver } from 'eslint-import-resolver-typescript'
import compat from 'eslint-plugin-compat'
import esX from 'eslint-plugin-es-x'
import importX from 'eslint-plugin-import-x'
import vue from 'eslint-plugin-vue'
import globals from 'globals'
import ts from 'typescript-eslint'

/**
 * Who may know whom (docs/architecture.md has the same table for people): each room may import itself, its
 * `rooms`, and packages except those in `no`. What stands directly in src (main, App, router, sw) wires all of them.
 */
const HOUSE = {
  views: { rooms: ['components', 'actions', 'local', 'domain', 'lib', 'locales'], no: ['dexie'] },
  components: { rooms: ['actions', 'local', 'domain', 'lib', 'locales'], no: ['dexie'] },
  actions: { rooms: ['domain', 'local', 'lib', 'contract', 'sync/outbox.ts', 'sync/alerts.ts', 'sync/pushService.ts'], no: ['vue', 'vue-router', 'vant', 'dexie'] },
  sync: { rooms: ['local/db.ts', 'lib/clock.ts', 'lib/ids.ts', 'lib/sha256.ts', 'lib/http.ts', 'lib/channel.ts', 'contract'], no: ['vue', 'vue-router', 'vue-i18n', 'vant'] },
  local: { rooms: ['domain', 'contract', 'lib'], no: ['vant', 'vue-router'] },
  domain: { rooms: ['contract'], no: ['vue', 'vue-router', 'vue-i18n', 'vant', 'dexie'] },
  lib: { rooms: ['contract', 'locales'], no: [] },
  contract: { rooms: [], no: [] },
}
const OFFICE_LIBRARIES = ['element-plus', '@element-plus/icons-vue', 'echarts']
const TESTS = ['src/**/*.test.ts', 'tests/**/*.ts']

const zones = Object.entries(HOUSE).map(([room, { rooms }]) => ({
  target: `./src/${room}`,
  from: './src',
  except: [room, ...rooms].map((name) => `./${name}`),
  message: `${room}/ may import only ${rooms.join(', ') || 'itself'}.`,
}))

const forbidden = (names, why) => ({
  patterns: [{ group: names.flatMap((name) => [name, `${name}/**`]), message: why }],
})

const byRoom = Object.entries(HOUSE).map(([room, { no }]) => ({
  files: [`src/${room}/**/*.{ts,vue}`],
  ignores: ['src/{views,components}/office/**', ...TESTS],
  rules: {
    'no-restricted-imports': ['error', forbidden([...no, ...OFFICE_LIBRARIES], `Not in ${room}/.`)],
  },
}))

/** Syntax that the build lowers, and functions that src/lib/polyfills.ts adds: no need to avoid them. */
const LOWERED = [
  'class-instance-fields', 'class-private-fields', 'class-private-methods', 'class-static-block',
  'class-static-fields', 'private-in', 'logical-assignment-operators', 'numeric-separators', 'error-cause',
  'regexp-unicode-property-escapes-2021', 'regexp-unicode-property-escapes-2022',
  'regexp-unicode-property-escapes-2023',
]
const POLYFILLED = [
  'array-prototype-at', 'array-prototype-findlast-findlastindex', 'string-prototype-at',
  'string-prototype-replaceall', 'object-hasown', 'promise-any',
]
const off = (names) => Object.fromEntries(names.map((name) => [`es-x/no-${name}`, 'off']))

export default ts.config(
  { ignores: ['dist/', 'dev-dist/', 'node_modules/', 'src/contract/*.d.ts'] },
  js.configs.recommended,
  ...ts.configs.recommendedTypeChecked,
  ...vue.configs['flat/recommended'],
  {
    languageOptions: {
      globals: { ...globals.browser },
      parserOptions: { projectService: true, extraFileExtensions: ['.vue'], tsconfigRootDir: import.meta.dirname },
    },
    plugins: { 'import-x': importX },
    settings: { 'import-x/resolver-next': [createTypeScriptImportResolver({ project: './tsconfig.app.json' })] },
    rules: {
      eqeqeq: ['error', 'smart'],
      'max-lines': ['error', { max: 350, skipBlankLines: true, skipComments: true }],
      'no-console': ['error', { allow: ['warn', 'error'] }],
      'no-eval': 'error',
      'import-x/no-restricted-paths': ['error', { zones }],
      'import-x/no-cycle': ['error', { ignoreExternal: true }],
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      '@typescript-eslint/no-misused-promises': ['error', { checksVoidReturn: { arguments: false } }],
      'vue/multi-word-component-names': 'off',
      'vue/no-v-html': 'error',
      'vue/block-lang': ['error', { script: { lang: 'ts' } }],
      'vue/component-api-style': ['error', ['script-setup']],
      'vue/max-attributes-per-line': 'off',
      'vue/singleline-html-element-content-newline': 'off',
      'vue/html-self-closing': 'off',
      'vue/html-indent': 'off',
      'vue/html-closing-bracket-newline': 'off',
      'vue/first-attribute-linebreak': 'off',
      'vue/attributes-order': 'off',
    },
  },
  { files: ['**/*.vue'], languageOptions: { parserOptions: { parser: ts.parser } } },
  ...byRoom,
  {
    // Views read the device's store through local/'s functions, never through its tables.
    files: ['src/{views,components}/**/*.{ts,vue}'],
    rules: {
      'import-x/no-restricted-paths': [
        'error',
        { zones: [...zones, { target: './src/views', from: './src/local/db.ts' }, { target: './src/components', from: './src/local/db.ts' }] },
      ],
    },
  },
  {
    // Old phones: Chromium 83 and Safari 15 (package.json's browserslist).
    ...compat.configs['flat/recommended'],
    files: ['src/**/*.{ts,vue}'],
    ignores: TESTS,
    settings: {
      polyfills: [
        'structuredClone', 'AbortSignal.timeout', 'Crypto.randomUUID', 'crypto.randomUUID', 'Promise.any', 'Object.hasOwn',
        'Array.at', 'Array.findLast', 'Array.findLastIndex', 'String.at', 'String.replaceAll',
      ],
    },
  },
  {
    files: ['src/**/*.{ts,vue}'],
    ignores: TESTS,
    plugins: { 'es-x': esX },
    settings: { 'es-x': { aggressive: false } },
    rules: {
      ...esX.configs['flat/restrict-to-es2020'].rules,
      'es-x/no-regexp-lookbehind-assertions': 'error', // Safari learned them in 16.4, and no build can lower them
      ...off([...LOWERED, ...POLYFILLED]),
    },
  },
  {
    files: [...TESTS, '*.config.ts', 'build/**/*.ts'],
    languageOptions: { globals: { ...globals.node } },
    rules: { 'max-lines': 'off', 'no-restricted-imports': 'off', 'import-x/no-restricted-paths': 'off' },
  },
  { files: ['**/*.js'], ...ts.configs.disableTypeChecked },
)
