/** What a table of the office needs to know of its columns, and how it sorts them. */

export interface Column<Row> {
  key: string
  label: string
  sortable?: boolean
  /** The value compared; without it the row's own field of that name. Missing values come last either way. */
  value?: (row: Row) => string | number | null | undefined
  align?: 'right'
  width?: string
  /** The cell that names the row. */
  head?: boolean
}

export interface Sort {
  key: string
  dir: 'asc' | 'desc'
}

const byReading = new Intl.Collator('zh-CN', { numeric: true })

/** A column's click: ascending, descending, then as it came. */
export function nextSort(sort: Sort | undefined, key: string): Sort | undefined {
  if (sort?.key !== key) return { key, dir: 'asc' }
  return sort.dir === 'asc' ? { key, dir: 'desc' } : undefined
}

function valueOf<Row extends object>(row: Row, column: Column<Row>) {
  return column.value ? column.value(row) : (row as Record<string, string | number | null | undefined>)[column.key]
}

/** A sorted copy; numbers by size, words as a Chinese reader looks them up, missing ones last. */
export function sortRows<Row extends object>(rows: Row[], columns: Column<Row>[], sort: Sort | undefined): Row[] {
  const column = columns.find((one) => one.key === sort?.key)
  if (!sort || !column) return rows
  const sign = sort.dir === 'asc' ? 1 : -1
  return [...rows].sort((a, b) => {
    const x = valueOf(a, column)
    const y = valueOf(b, column)
    const noX = x === null || x === undefined || x === ''
    const noY = y === null || y === undefined || y === ''
    if (noX || noY) return Number(noX) - Number(noY)
    if (typeof x === 'number' && typeof y === 'number') return sign * (x - y)
    return sign * byReading.compare(String(x), String(y))
  })
}
