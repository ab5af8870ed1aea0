/** How notifications stand on this device, for the card in 我的 and the banner: one state for both. */
import { onMounted, shallowRef, type Ref } from 'vue'
import { onPush, pushState, turnOn, type PushState } from '@/actions/push'
import { PUSH_CHANGED } from '@/lib/workerMessages'

const state = shallowRef<PushState>()

export async function readPush(): Promise<void> {
  state.value = await pushState()
}

/** Call from a tap. */
export async function turnPushOn(): Promise<PushState> {
  state.value = await turnOn()
  return state.value
}

/** undefined until it has been read. */
export function livePush(): Readonly<Ref<PushState | undefined>> {
  onMounted(readPush)
  return state
}

// The start of the app sees to the subscription by itself.
onPush(() => void readPush())

const { serviceWorker } = navigator as { serviceWorker?: ServiceWorkerContainer }
serviceWorker?.addEventListener('message', (event: MessageEvent<{ type?: string } | null>) => {
  if (event.data?.type === PUSH_CHANGED) void readPush()
})
