/**
 * One tab syncs. Web Locks choose it; a visible tab takes over from one that no longer shows signs of life (frozen
 * in the background). Engines without Web Locks (Safari before 15.4) all lead: two at once are harmless, only wasteful.
 */
const BEAT_MS = 4_000
const DEAD_AFTER_MS = 12_000

interface Locks {
  request(
    name: string,
    options: { steal?: boolean; signal?: AbortSignal },
    work: () => Promise<void>,
  ): Promise<void>
}

/**
 * @param lead called when this tab leads; its signal fires when the lead is lost or given up
 * @returns the way to give up
 */
export function seekLead(user: string, lead: (lost: AbortSignal) => void): () => void {
  const name = `jiban-sync-${user}`
  const quit = new AbortController()
  const locks = (navigator as Navigator & { locks?: Locks }).locks
  if (!locks) {
    lead(quit.signal)
    return () => {
      quit.abort()
    }
  }
  const seat = new Seat(name, locks, lead, quit)
  seat.wait()
  return () => {
    seat.quit()
  }
}

class Seat {
  private leading = false
  private readonly watch: ReturnType<typeof setInterval>

  constructor(
    private readonly name: string,
    private readonly locks: Locks,
    private readonly lead: (lost: AbortSignal) => void,
    private readonly given: AbortController,
  ) {
    this.watch = setInterval(() => {
      if (this.leading) beat(this.name)
      else this.takeOverIfDead()
    }, BEAT_MS)
    document.addEventListener('visibilitychange', this.takeOverIfDead)
  }

  wait(): void {
    this.request({ signal: this.given.signal })
  }

  quit(): void {
    clearInterval(this.watch)
    document.removeEventListener('visibilitychange', this.takeOverIfDead)
    this.given.abort()
  }

  private readonly takeOverIfDead = (): void => {
    if (this.leading || document.hidden || this.given.signal.aborted) return
    if (Date.now() - lastBeat(this.name) > DEAD_AFTER_MS) this.request({ steal: true })
  }

  private request(options: { steal?: boolean; signal?: AbortSignal }): void {
    const lost = new AbortController()
    const give = (): void => {
      lost.abort()
    }
    let mine = false
    const hold = (): Promise<void> => {
      if (this.leading || this.given.signal.aborted) return Promise.resolve()
      this.leading = mine = true
      beat(this.name)
      this.given.signal.addEventListener('abort', give)
      this.lead(lost.signal)
      return new Promise((resolve) => {
        lost.signal.addEventListener('abort', () => {
          resolve()
        })
      })
    }
    const ended = (): void => {
      this.given.signal.removeEventListener('abort', give)
      if (!mine) return
      this.leading = false
      give()
      if (!this.given.signal.aborted) this.wait()
    }
    // Rejected when another tab steals the lock, or when we gave up while waiting.
    this.locks.request(this.name, options, hold).then(ended, ended)
  }
}

function beat(name: string): void {
  try {
    localStorage.setItem(`${name}.beat`, String(Date.now()))
  } catch {
    // Without localStorage no other tab can see us alive; it takes over, and two at once are harmless.
  }
}

function lastBeat(name: string): number {
  try {
    const at = Number(localStorage.getItem(`${name}.beat`))
    // A beat from the future: the clock was set back.
    return at > Date.now() + DEAD_AFTER_MS ? 0 : at
  } catch {
    return 0
  }
}
