/**
 * The rhythm of a sync: send text, fetch, tidy, send photos; then wait for the next reason. Runs in the one tab
 * that leads (leader.ts) or, for Background Sync, in the service worker.
 */
import { getValue, openApp, purgeBase, setValue, type Session } from '../local/db'
import { sendReceipts } from './alerts'
import { readSample, report, type SyncContext } from './context'
import { uploadPhotos } from './photos'
import { pull } from './pull'
import { countUnsent, push } from './push'
import { pruneSent } from './tidy'
import { Failure } from './transport'

const BACKOFF_FIRST_MS = 1_000
const BACKOFF_MAX_MS = 5 * 60_000
const POLL_MS = 30_000
/** While pokes come in, polling is the net: a stream whose radio died without a word still looks open. */
const POLL_POKED_MS = 60_000
const ROUNDS_MAX = 20
const TIDY_EVERY_MS = 6 * 3_600_000
/** By such a clock nothing is thrown away. */
const CLOCK_WRONG_MS = 86_400_000

export type CycleEnd = { ok: true; nextPhotoAt?: number } | { ok: false; failure: Failure }

/** One whole sync. Never throws for what the network or the server does. */
export async function cycle(ctx: SyncContext): Promise<CycleEnd> {
  try {
    let probe = false
    for (let round = 0; round < ROUNDS_MAX; round += 1) {
      await push(ctx, probe)
      const pulled = await pull(ctx)
      probe = pulled.newEpoch
      // A restored server, work that was tapped meanwhile, or work that brought no receipt and is asked about again.
      if (probe || (await countUnsent(ctx)) > 0) continue
      await contact(ctx)
      await sendReceipts(ctx.net, ctx.user, ctx.tap().wallMs)
      const uploaded = await uploadPhotos(ctx)
      if (uploaded.interrupted) continue
      // The rows now say that the photos are there; a poke may not come to a phone that polls.
      if (uploaded.done > 0) await pull(ctx)
      return uploaded.nextTryAt === undefined ? { ok: true } : { ok: true, nextPhotoAt: uploaded.nextTryAt }
    }
    return { ok: true }
  } catch (error) {
    if (!(error instanceof Failure)) throw error
    await noteFailure(ctx, error)
    return { ok: false, failure: error }
  }
}

async function contact(ctx: SyncContext): Promise<void> {
  await report(ctx, { online: true, lastContactAt: ctx.tap().wallMs, trouble: undefined })
  const kv = openApp().kv
  const session = await getValue<Session>(kv, 'session')
  if (session?.user.id === ctx.user && session.state !== 'live') await setValue(kv, 'session', { ...session, state: 'live' })
}

async function noteFailure(ctx: SyncContext, failure: Failure): Promise<void> {
  const at = ctx.tap().wallMs
  const message = failure.message ? { message: failure.message } : {}
  const online = failure.kind === 'server'
  await report(ctx, { online, pushing: undefined, trouble: { code: failure.code, at, ...message } })
  const state = sessionStateOf(failure)
  if (!state) return
  const kv = openApp().kv
  const session = await getValue<Session>(kv, 'session')
  if (session?.user.id === ctx.user) await setValue(kv, 'session', { ...session, state })
  if (state === 'revoked') await purgeBase(ctx.base)
}

function sessionStateOf(failure: Failure): Session['state'] | undefined {
  if (failure.kind !== 'server') return undefined
  if (/revoked/.test(failure.code)) return 'revoked'
  if (failure.status === 401) return 'expired'
  return failure.code === 'wrong_user' ? 'wrong_user' : undefined
}

/** Runs cycles: at once when woken, else when the time has come. At most one at a time. */
export class Loop {
  private timer: ReturnType<typeof setTimeout> | undefined
  private running: Promise<void> | undefined
  private again = false
  private failures = 0
  /** The server asked for patience until then (monotonic ms). */
  private patientUntil = 0
  private stopped = false
  private tidiedAt = -Infinity
  private streaming = false
  private dueAt = Infinity

  constructor(private readonly ctx: SyncContext) {}

  /** A new operation, `online`, the page becoming visible, a poke: try at once. */
  wake(force = false): void {
    if (this.stopped) return
    const waitMs = force ? 0 : this.patientUntil - this.ctx.tap().monoMs
    if (waitMs > 0) return
    if (this.running) {
      this.again = true
      return
    }
    clearTimeout(this.timer)
    this.running = this.run().finally(() => {
      this.running = undefined
    })
  }

  /** Pokes come in. Without them the next poll is at most 30 s away, whatever was planned. */
  set poked(open: boolean) {
    const lost = this.streaming && !open && this.failures === 0
    this.streaming = open
    if (lost && !this.running && this.dueAt > this.ctx.tap().monoMs + POLL_MS) this.rearm(POLL_MS)
  }

  get poked(): boolean {
    return this.streaming
  }

  /** Ends after the request in flight; nothing is cancelled half way. */
  async stop(): Promise<void> {
    this.stopped = true
    clearTimeout(this.timer)
    await this.running
  }

  private async run(): Promise<void> {
    let waitMs = await this.step()
    while (this.isAskedAgain()) waitMs = await this.step()
    if (this.again && this.patientUntil === 0) waitMs = Math.min(waitMs, BACKOFF_FIRST_MS)
    if (this.stopped) return
    this.rearm(waitMs)
  }

  private rearm(waitMs: number): void {
    if (this.stopped) return
    clearTimeout(this.timer)
    this.dueAt = this.ctx.tap().monoMs + waitMs
    this.timer = setTimeout(() => {
      this.wake(true)
    }, waitMs)
  }

  /** One cycle; how long to rest after it (ms). */
  private async step(): Promise<number> {
    this.again = false
    try {
      const end = await cycle(this.ctx)
      const waitMs = this.rest(end)
      if (end.ok) await this.tidy()
      return waitMs
    } catch (error) {
      // The database itself failed (quota, a closing tab). Nothing is lost; it is tried again.
      console.error('sync stopped', error)
      this.failures += 1
      return this.backoff()
    }
  }

  private isAskedAgain(): boolean {
    return this.again && !this.stopped && this.failures === 0
  }

  private rest(end: CycleEnd): number {
    if (end.ok) {
      this.failures = 0
      this.patientUntil = 0
      const untilPhoto = end.nextPhotoAt === undefined ? Infinity : Math.max(1_000, end.nextPhotoAt - this.ctx.tap().wallMs)
      return Math.min(this.poked ? POLL_POKED_MS : POLL_MS, untilPhoto)
    }
    this.failures += 1
    const { retryAfterMs } = end.failure
    if (retryAfterMs === undefined) return this.backoff()
    const waitMs = Math.max(BACKOFF_FIRST_MS, retryAfterMs * (1 + this.ctx.random() / 4))
    this.patientUntil = this.ctx.tap().monoMs + waitMs
    return waitMs
  }

  private backoff(): number {
    const full = Math.min(BACKOFF_MAX_MS, BACKOFF_FIRST_MS * 2 ** Math.min(this.failures - 1, 16))
    return full / 2 + (this.ctx.random() * full) / 2
  }

  private async tidy(): Promise<void> {
    const { monoMs, wallMs } = this.ctx.tap()
    if (monoMs - this.tidiedAt < TIDY_EVERY_MS) return
    const sample = await readSample(this.ctx)
    if (!sample || Math.abs(sample.offsetMs) > CLOCK_WRONG_MS) return
    this.tidiedAt = monoMs
    await pruneSent(this.ctx.outbox, wallMs)
  }
}
