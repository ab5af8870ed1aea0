/** Whether the screen was reached from another screen of this visit: then “back” is the browser's back. */
let depth = 0

/** The router counts each finished navigation. */
export function countNavigation(): void {
  depth += 1
}

export function cameFromInside(): boolean {
  return depth > 1
}
