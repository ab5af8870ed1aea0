/**
 * The desk's bell: rings for an alarm not heard before and again at each step that it climbs. Browsers allow a sound
 * only after somebody has touched the page, so the button says when the bell is still dumb. The frame of the office
 * rings, whatever page is open; the page 应急 has its switch.
 */
import { onScopeDispose, ref, watch, type Ref } from 'vue'

const KEY = 'jiban.duty.sound'
const TONES_HZ = [880, 660]
const TONE_S = 0.22
const ROUNDS = 4
const AGAIN_MS = 30_000

const on = ref(remembered())
const dumb = ref(false)
let audio: AudioContext | undefined

function remembered(): boolean {
  try {
    return localStorage.getItem(KEY) !== 'off'
  } catch {
    return true
  }
}

function play() {
  if (typeof AudioContext === 'undefined') return
  audio = audio ?? new AudioContext()
  const { state } = audio
  dumb.value = state !== 'running'
  if (state !== 'running') {
    wake()
    return
  }
  const from = audio.currentTime
  for (let n = 0; n < ROUNDS * TONES_HZ.length; n += 1) tone(audio, TONES_HZ[n % TONES_HZ.length] as number, from + n * (TONE_S + 0.03))
}

/** A tap anywhere is the touch that the browser waits for. */
function wake() {
  if (!on.value || typeof AudioContext === 'undefined') return
  audio = audio ?? new AudioContext()
  void audio.resume().then(() => (dumb.value = audio?.state !== 'running'))
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

/** The switch, and whether the browser still keeps the bell dumb. */
export const dutySound = { on, dumb, toggle }

/** @param ringing what is to be heard, one key per alarm and step; a key that is new rings */
export function useDutySound(ringing: Ref<string[]>) {
  const heard = new Set<string>()
  watch(
    ringing,
    (keys) => {
      const fresh = keys.filter((key) => !heard.has(key))
      for (const key of fresh) heard.add(key)
      if (fresh.length > 0 && on.value) play()
    },
    { immediate: true },
  )
  // Nobody may have been in the room: as long as something is unanswered it rings again.
  const again = setInterval(() => {
    if (on.value && ringing.value.length > 0) play()
  }, AGAIN_MS)
  window.addEventListener('pointerdown', wake, { once: true })
  onScopeDispose(() => {
    clearInterval(again)
    window.removeEventListener('pointerdown', wake)
    void audio?.close()
    audio = undefined
  })
}

function tone(context: AudioContext, hz: number, at: number) {
  const source = context.createOscillator()
  const volume = context.createGain()
  source.type = 'square'
  source.frequency.value = hz
  volume.gain.setValueAtTime(0.0001, at)
  volume.gain.exponentialRampToValueAtTime(0.18, at + 0.02)
  volume.gain.exponentialRampToValueAtTime(0.0001, at + TONE_S)
  source.connect(volume).connect(context.destination)
  source.start(at)
  source.stop(at + TONE_S)
}
