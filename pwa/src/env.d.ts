/** For eslint, which does not read .vue files when a .ts file imports them; vue-tsc knows their real types. */
declare module '*.vue' {
  import type { DefineComponent } from 'vue'

  const component: DefineComponent
  export default component
}
