import '@/lib/polyfills'
import './styles/vant'
import './styles/tokens.css'
import './styles/vant.css'
import './styles/base.css'
import { createApp } from 'vue'
import App from './App.vue'
import { boot } from './boot'
import { followLanguage, i18n } from './lib/i18n'
import { followTheme } from './lib/theme'
import { router } from './router'

async function start(): Promise<void> {
  followTheme()
  await Promise.all([followLanguage(), boot()])
  createApp(App).use(i18n).use(router).mount('#app')
}

void start()
