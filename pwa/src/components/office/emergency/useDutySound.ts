/**
 * The duty room's bell: rings for an alarm not heard before and again at each step that it climbs. Browsers allow a
 * sound only after somebody has touched the page, so the button says when the bell is still dumb.
 */
import { onScopeDispose, ref, watch, type Ref } from 'vue'

const KEY = 'jiban.duty.sound'
const TONES_HZ = [880, 660]
const TONE_S = 0.22
const ROUNDS = 4
const AGAIN_MS = 30_000

function remembered(): boolean {
  try {
    return localStorage.getItem(KEY) !== 'off'
  } catch {
    return true
  }
}

/** @param ringing what is to be heard, one key per alarm and step; a key that is new rings */
export function useDutySound(ringing: Ref<string[]>) {
  const on = ref(remembered())
  const dumb = ref(false)
  let audio: AudioContext | undefined

  function play() {
    audio = audio ?? new AudioContext()
    const { state } = audio
    dumb.value = state !== 'running'
    if (state !== 'running') {
      void audio.resume().then(() => (dumb.value = audio?.state !== 'running'))
      return
    }
    const from = audio.currentTime
    for (let n = 0; n < ROUNDS * TONES_HZ.length; n += 1) tone(audio, TONES_HZ[n % TONES_HZ.length] as number, from + n * (TONE_S + 0.03))
  }

  function toggle() {
    on.value = !on.value
    try {
      localStorage.setItem(KEY, on.value ? 'on' : 'off')
    } catch {
      // storage switched off: the choice lasts as long as the page
    }
    if (on.value) play()
  }

  /** The tap on the button is the touch that the browser waits for. */
  function wake() {
    if (!on.value) return
    audio = audio ?? new AudioContext()
    void audio.resume().then(() => (dumb.value = audio?.state !== 'running'))
  }

  const heard = new Set<string>()
  watch(
    ringing,
    (keys) => {
      const fresh = keys.filter((key) => !heard.has(key))
      for (const key of fresh) heard.add(key)
      if (fresh.length > 0 && on.value && typeof AudioContext !== 'undefined') play()
    },
    { immediate: true },
  )
  // Nobody may have been in the room: as long as something is unanswered it rings again.
  const again = setInterval(() => {
    if (on.value && ringing.value.length > 0 && typeof AudioContext !== 'undefined') play()
  }, AGAIN_MS)
  window.addEventListener('pointerdown', wake, { once: true })
  onScopeDispose(() => {
    clearInterval(again)
    window.removeEventListener('pointerdown', wake)
    void audio?.close()
  })
  return { on, dumb, toggle }
}

function tone(audio: AudioContext, hz: number, at: number) {
  const source = audio.createOscillator()
  const volume = audio.createGain()
  source.type = 'square'
  source.frequency.value = hz
  volume.gain.setValueAtTime(0.0001, at)
  volume.gain.exponentialRampToValueAtTime(0.18, at + 0.02)
  volume.gain.exponentialRampToValueAtTime(0.0001, at + TONE_S)
  source.connect(volume).connect(audio.destination)
  source.start(at)
  source.stop(at + TONE_S)
}
