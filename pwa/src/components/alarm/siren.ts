/**
 * Sound, vibration and a screen that stays on, for as long as an alarm is unanswered. Two tones made here: no file
 * to fetch. Browsers let a page sound only after a touch; until then `blocked` says so.
 */
import { onScopeDispose, ref, type Ref } from 'vue'

const HIGH_HZ = 988
const LOW_HZ = 740
const TONE_S = 0.42
const PAUSE_S = 0.5
const LOUD = 0.6
const VIBRATION = [600, 200, 600, 200, 1_200]
const VIBRATE_EVERY_MS = 4_000

interface Surroundings {
  AudioContext?: typeof AudioContext
  webkitAudioContext?: typeof AudioContext
}

interface WakeLock {
  release: () => Promise<void>
}

export interface Siren {
  /** There is sound to be had, but the browser waits for a touch. */
  blocked: Ref<boolean>
  /** Call from a tap. */
  unlock: () => void
}

/** Rings until the scope ends. */
export function useSiren(): Siren {
  const blocked = ref(false)
  const sound = startSound((sounds) => (blocked.value = !sounds))
  const stopShaking = startVibration()
  const letSleep = keepAwake()
  const touched = (): void => sound?.unlock()
  document.addEventListener('pointerdown', touched)
  document.addEventListener('keydown', touched)
  onScopeDispose(() => {
    document.removeEventListener('pointerdown', touched)
    document.removeEventListener('keydown', touched)
    sound?.stop()
    stopShaking()
    letSleep()
  })
  return { blocked, unlock: touched }
}

function startSound(onState: (sounds: boolean) => void): { unlock: () => void; stop: () => void } | undefined {
  const { AudioContext: Plain, webkitAudioContext: Old } = window as unknown as Surroundings
  const Context = Plain ?? Old
  if (!Context) return undefined
  try {
    const context = new Context()
    const source = context.createBufferSource()
    source.buffer = twoTones(context)
    source.loop = true
    source.connect(context.destination)
    source.start()
    context.onstatechange = () => {
      onState(context.state === 'running')
    }
    onState(context.state === 'running')
    const unlock = (): void => {
      // Not only `suspended`: on an iPhone a call leaves it `interrupted`.
      if (context.state !== 'running' && context.state !== 'closed') context.resume().catch(() => undefined)
    }
    unlock()
    return { unlock, stop: () => void context.close().catch(() => undefined) }
  } catch {
    return undefined // no audio device
  }
}

/** High, low, pause: one turn of the loop. Soft edges, so that a cheap speaker does not crackle. */
function twoTones(context: AudioContext): AudioBuffer {
  const rate = context.sampleRate
  const buffer = context.createBuffer(1, Math.round((2 * TONE_S + PAUSE_S) * rate), rate)
  const samples = buffer.getChannelData(0)
  const tone = Math.round(TONE_S * rate)
  for (let at = 0; at < 2 * tone; at += 1) {
    const hz = at < tone ? HIGH_HZ : LOW_HZ
    const edge = Math.min(1, (at % tone) / (0.01 * rate), (tone - (at % tone)) / (0.01 * rate))
    const wave = Math.sin((2 * Math.PI * hz * at) / rate) + Math.sin((6 * Math.PI * hz * at) / rate) / 3
    samples[at] = LOUD * edge * wave
  }
  return buffer
}

function startVibration(): () => void {
  const shaking = navigator as Navigator & { userActivation?: { hasBeenActive: boolean } }
  if (!('vibrate' in shaking)) return () => undefined
  const shake = (): void => {
    // Before the first touch the browser refuses, and complains.
    if (shaking.userActivation?.hasBeenActive !== false) shaking.vibrate(VIBRATION)
  }
  shake()
  const timer = setInterval(shake, VIBRATE_EVERY_MS)
  return () => {
    clearInterval(timer)
    if (shaking.userActivation?.hasBeenActive !== false) shaking.vibrate(0)
  }
}

function keepAwake(): () => void {
  const { wakeLock } = navigator as { wakeLock?: { request: (type: 'screen') => Promise<WakeLock> } }
  if (!wakeLock) return () => undefined
  let held: WakeLock | undefined
  let over = false
  const hold = (): void => {
    if (document.hidden || over) return
    wakeLock.request('screen').then(
      (lock) => {
        if (over) void lock.release()
        else held = lock
      },
      () => undefined, // low battery
    )
  }
  hold()
  document.addEventListener('visibilitychange', hold)
  return () => {
    over = true
    document.removeEventListener('visibilitychange', hold)
    void held?.release()
  }
}
