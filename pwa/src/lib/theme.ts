/** Light, dark or the system's choice, and 大字版. Set on <html> before the first paint of the app; tokens.css reads it. */
import { computed, ref, watchEffect } from 'vue'

export type Theme = 'system' | 'light' | 'dark'

const THEME_KEY = 'jiban.theme'
const LARGE_KEY = 'jiban.large'

function remembered(key: string): string | null {
  try {
    return localStorage.getItem(key)
  } catch {
    return null // storage switched off: the choice lasts as long as the page
  }
}

function remember(key: string, value: string): void {
  try {
    localStorage.setItem(key, value)
  } catch {
    // as above
  }
}

function asTheme(value: string | null): Theme {
  return value === 'light' || value === 'dark' ? value : 'system'
}

export const theme = ref<Theme>(asTheme(remembered(THEME_KEY)))
export const large = ref(remembered(LARGE_KEY) === 'on')

const systemDark = ref(false)

export const dark = computed(() => theme.value === 'dark' || (theme.value === 'system' && systemDark.value))

export function setTheme(value: Theme): void {
  theme.value = value
  remember(THEME_KEY, value)
}

export function setLarge(on: boolean): void {
  large.value = on
  remember(LARGE_KEY, on ? 'on' : 'off')
}

/** Keeps <html> and the browser's own bar in step with the choice. Call once, before mounting. */
export function followTheme(): void {
  const query = window.matchMedia('(prefers-color-scheme: dark)')
  systemDark.value = query.matches
  const follow = (event: MediaQueryListEvent) => (systemDark.value = event.matches)
  // Safari before 14 and some WebViews know only addListener.
  if (query.addEventListener) query.addEventListener('change', follow)
  else query.addListener(follow)
  watchEffect(() => {
    const root = document.documentElement
    root.dataset.theme = dark.value ? 'dark' : 'light'
    root.dataset.large = large.value ? 'on' : 'off'
    root.classList.toggle('dark', dark.value) // Element Plus looks for the class
    const bar = document.querySelector('meta[name="theme-color"]')
    if (bar) bar.setAttribute('content', dark.value ? '#181d25' : '#ffffff')
  })
}
