/** Only the styles of the Vant parts in use, without its icon font (28 KB): our icons are drawn in Icon.vue. */
import 'vant/es/style/base.css'
import 'vant/es/overlay/index.css'
import 'vant/es/popup/index.css'
import 'vant/es/loading/index.css'
import 'vant/es/button/index.css'
import 'vant/es/pull-refresh/index.css'
import 'vant/es/switch/index.css'
