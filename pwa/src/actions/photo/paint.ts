/** Drawing: the picture shrunk and turned upright, and the watermark burnt into it. Worker and page alike. */

export type Context = CanvasRenderingContext2D | OffscreenCanvasRenderingContext2D

export interface Size {
  width: number
  height: number
}

export const SIDE_MAX = 1_920
export const THUMB_SIDE = 320

/** The upright size after shrinking; never enlarged. */
export function fitted(stored: Size, orientation: number, sideMax: number): Size {
  const scale = Math.min(1, sideMax / Math.max(stored.width, stored.height))
  const width = Math.max(1, Math.round(stored.width * scale))
  const height = Math.max(1, Math.round(stored.height * scale))
  return orientation >= 5 ? { width: height, height: width } : { width, height }
}

/**
 * Set the canvas so that drawing the stored picture at its own (shrunk) size comes out upright.
 * @returns the size to draw it with
 */
export function turn(context: Context, upright: Size, orientation: number): Size {
  const { width: w, height: h } = upright
  const turns: Record<number, [number, number, number, number, number, number]> = {
    2: [-1, 0, 0, 1, w, 0],
    3: [-1, 0, 0, -1, w, h],
    4: [1, 0, 0, -1, 0, h],
    5: [0, 1, 1, 0, 0, 0],
    6: [0, 1, -1, 0, w, 0],
    7: [0, -1, -1, 0, w, h],
    8: [0, -1, 1, 0, 0, h],
  }
  const matrix = turns[orientation]
  if (matrix) context.setTransform(...matrix)
  return orientation >= 5 ? { width: h, height: w } : { width: w, height: h }
}

/**
 * Burn the lines into the lower left corner: white on a dark band, sized to the picture so that they can be read
 * on any screen.
 */
export function burn(context: Context, size: Size, lines: string[]): void {
  const font = Math.max(14, Math.round(Math.min(size.width, size.height) / 32))
  const pad = Math.round(font * 0.6)
  context.setTransform(1, 0, 0, 1, 0, 0)
  context.font = `600 ${font}px "PingFang SC", "Noto Sans CJK SC", "Noto Sans SC", "Microsoft YaHei", sans-serif`
  context.textBaseline = 'top'
  const room = size.width - pad * 4
  const rows = lines.filter(Boolean).flatMap((line) => wrap(context, line, room))
  const height = rows.length * font * 1.4 + pad * 2
  const width = Math.min(size.width, Math.max(...rows.map((row) => context.measureText(row).width), 0) + pad * 3)
  const top = size.height - height
  context.fillStyle = 'rgba(0, 0, 0, 0.5)'
  context.fillRect(0, top, width, height)
  context.fillStyle = '#ffffff'
  rows.forEach((row, place) => {
    context.fillText(row, pad, top + pad + place * font * 1.4, room)
  })
}

/** Chinese has no spaces to break at: any character will do. */
function wrap(context: Context, line: string, room: number): string[] {
  const rows: string[] = []
  let row = ''
  for (const character of line) {
    if (row !== '' && context.measureText(row + character).width > room) {
      rows.push(row)
      row = ''
    }
    row += character
  }
  return row === '' ? rows : [...rows, row]
}
