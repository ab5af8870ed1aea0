/** Documents of the feed that the screens take as the server wrote them: alarms and incidents (tickets: tickets.ts). */
import { openBase, rowsOf } from './db'

export type DocumentType = 'alarm' | 'alert' | 'incident'

/** Every document of a type on this device, in no particular order. */
export async function readDocuments<T>(user: string, type: DocumentType): Promise<T[]> {
  const rows = await rowsOf(openBase(user), type).toArray()
  return rows.map((row) => row.doc as T)
}

/** One document; null when it is not on this device. */
export async function readDocument<T>(user: string, type: DocumentType, id: string): Promise<T | null> {
  const row = await openBase(user).rows.get([type, id])
  return row ? (row.doc as T) : null
}
