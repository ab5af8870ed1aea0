/** What a person has read and closed; remembered on this device. */
import { ref } from 'vue'

const KEY = 'jiban.alerts.read'
const KEPT_MAX = 200

const read = ref(new Set(stored()))

function stored(): string[] {
  try {
    const kept: unknown = JSON.parse(localStorage.getItem(KEY) ?? '[]')
    return Array.isArray(kept) ? kept.map(String) : []
  } catch {
    return []
  }
}

export function isPutAway(id: string): boolean {
  return read.value.has(id)
}

export function putAway(id: string): void {
  read.value = new Set([...read.value, id])
  try {
    localStorage.setItem(KEY, JSON.stringify([...read.value].slice(-KEPT_MAX)))
  } catch {
    // It is asked again after the next start.
  }
}
