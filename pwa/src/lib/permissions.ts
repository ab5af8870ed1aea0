/** What the browser says about a permission; 'unknown' where it does not tell (Safari 15, some names in Firefox). */
export type PermissionWord = 'granted' | 'denied' | 'prompt' | 'unknown'

/**
 * @param name `geolocation`, `camera`, `notifications`
 * @param onChange told when the person changes it while the page is open
 */
export async function permissionState(name: string, onChange?: (state: PermissionWord) => void): Promise<PermissionWord> {
  const permissions = (navigator as { permissions?: { query: (what: { name: PermissionName }) => Promise<PermissionStatus> } })
    .permissions
  if (!permissions) return 'unknown'
  try {
    const status = await permissions.query({ name: name as PermissionName })
    status.onchange = () => onChange?.(status.state)
    return status.state
  } catch {
    return 'unknown'
  }
}

/** Whether a page may ask for the camera at all (a secure context on an engine that has it). */
export function hasCamera(): boolean {
  return (navigator as { mediaDevices?: MediaDevices }).mediaDevices !== undefined
}
