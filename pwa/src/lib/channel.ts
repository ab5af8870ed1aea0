/** Tabs of one browser talking; absent before Safari 15.4, whose tabs then each do for themselves. */
export interface Channel {
  postMessage(message: unknown): void
  addEventListener(type: 'message', listener: (event: MessageEvent<unknown>) => void): void
}

export function openChannel(name: string): Channel | undefined {
  const make = (globalThis as { BroadcastChannel?: new (name: string) => Channel }).BroadcastChannel
  return make ? new make(name) : undefined
}
