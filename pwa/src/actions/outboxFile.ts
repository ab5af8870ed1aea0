/** The outbox as a file, for the day when a phone cannot send: the office imports it. */
export function exportOutbox(): Promise<Blob> {
  return Promise.reject(new Error('not yet'))
}
