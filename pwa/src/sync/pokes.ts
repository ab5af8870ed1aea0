/** Server-sent pokes: no content, only “something changed”. Without them the loop polls. */
const RETRY_MS = 60_000

/**
 * @param onPoke something in the reader's buckets changed
 * @param onState true while the stream is open
 * @returns the way to close it
 */
export function listenForPokes(onPoke: () => void, onState: (open: boolean) => void): () => void {
  if (typeof EventSource === 'undefined') return () => undefined
  let stream: EventSource | undefined
  let timer: ReturnType<typeof setTimeout> | undefined
  const open = (): void => {
    const source = new EventSource('/api/v1/sync/pokes', { withCredentials: true })
    stream = source
    source.addEventListener('open', () => {
      onState(true)
      // Whatever changed while nobody listened.
      onPoke()
    })
    source.addEventListener('poke', onPoke)
    source.addEventListener('error', () => {
      onState(false)
      // The engine opens it again after a cut, but not after a refusal (503, 401).
      if (source.readyState !== source.CLOSED) return
      source.close()
      timer = setTimeout(open, RETRY_MS)
    })
  }
  open()
  return () => {
    clearTimeout(timer)
    stream?.close()
    onState(false)
  }
}
