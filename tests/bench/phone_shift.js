/**
 * Writes the rest of a shift into the outbox: what was done to one ticket, done to the others in other words, with
 * ids, times, places and checksums of their own. Everything else is as the app stored it.
 */
async ([user, opsOfOne, tickets, texts]) => {
  const done = (request) =>
    new Promise((resolve, reject) => {
      request.onsuccess = () => resolve(request.result)
      request.onerror = () => reject(request.error)
    })
  const outbox = await done(indexedDB.open(`jiban-outbox-${user}`))
  const base = await done(indexedDB.open(`jiban-base-${user}`))
  const rows = await done(base.transaction('rows').objectStore('rows').getAll())
  const ops = (await done(outbox.transaction('ops').objectStore('ops').getAll())).slice(0, opsOfOne)
  const random = (bytes) =>
    [...crypto.getRandomValues(new Uint8Array(bytes))].map((byte) => byte.toString(16).padStart(2, '0')).join('')
  const uuid = (ms) => {
    const hex = ms.toString(16).padStart(12, '0') + '7' + random(2).slice(1) + '8' + random(8).slice(1)
    return hex.replace(/(.{8})(.{4})(.{4})(.{4})(.{12})/, '$1-$2-$3-$4-$5')
  }
  const first = ops[0].subject
  const others = rows.filter((row) => row.type === 'ticket' && row.id !== first).slice(0, tickets - 1)
  let n = ops[ops.length - 1].n
  const store = outbox.transaction(['ops', 'meta'], 'readwrite')
  others.forEach((row, visit) => {
    for (const [step, one] of ops.entries()) {
      const op = structuredClone(one)
      const later = (visit + 1) * (1_200_000 + Math.floor(Math.random() * 600_000)) - step * 97_003
      const ms = Date.parse(op.at) + later
      n += 1
      Object.assign(op, { id: uuid(ms), n, subject: row.id, base: row.rev, at: new Date(ms).toISOString() })
      if (op.clock) op.clock.mono_ms += later
      if (op.args.point) {
        op.args.point.lat = Math.round((op.args.point.lat + (Math.random() - 0.5) / 20) * 1e7) / 1e7
        op.args.point.lng = Math.round((op.args.point.lng + (Math.random() - 0.5) / 20) * 1e7) / 1e7
      }
      for (const photo of op.args.photos ?? []) {
        const bytes = 300_000 + Math.floor(Math.random() * 200_000)
        Object.assign(photo, { id: uuid(ms), sha256: random(32), bytes, taken_at: new Date(ms - 9_137).toISOString() })
      }
      for (const key of ['result', 'summary', 'text']) {
        if (typeof op.args[key] === 'string') op.args[key] = texts[(visit * 3 + step) % texts.length]
      }
      store.objectStore('ops').put(op)
    }
  })
  store.objectStore('meta').put({ key: 'n', value: n })
  await new Promise((resolve, reject) => {
    store.oncomplete = resolve
    store.onerror = reject
  })
  return n
}
