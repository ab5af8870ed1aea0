/** Whether a person has seen the demo town's tour on this phone. */
const KEY = 'jiban.tour.'

export function tourSeen(user: string): boolean {
  try {
    return localStorage.getItem(KEY + user) === 'seen'
  } catch {
    return true // storage switched off: rather no tour than one at every start
  }
}

export function markTourSeen(user: string): void {
  try {
    localStorage.setItem(KEY + user, 'seen')
  } catch {
    // as above
  }
}
