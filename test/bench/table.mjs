// Prints aligned tables: text to the left, figures to the right.

/** Prints `rows` under `heads`; a cell that is a number is rounded to three digits, one that is missing stays empty. */
export const printTable = (heads, rows) => {
  const cells = [heads, ...rows].map((row) => heads.map((_, column) => textOf(row[column])))
  const widths = heads.map((_, column) => Math.max(...cells.map((row) => row[column].length)))
  const right = heads.map((_, column) => rows.some((row) => typeof row[column] === 'number'))
  for (const [index, row] of cells.entries()) {
    const line = row.map((text, column) => (right[column] ? text.padStart(widths[column]) : text.padEnd(widths[column])))
    console.log(line.join('  ').trimEnd())
    if (index === 0) console.log(widths.map((width) => '-'.repeat(width)).join('  '))
  }
  console.log()
}

const textOf = (cell) => {
  if (typeof cell !== 'number') return cell ?? ''
  if (Number.isNaN(cell)) return '?'
  return Math.abs(cell) >= 100 || Number.isInteger(cell) ? cell.toFixed(0) : cell.toPrecision(3)
}

/** The last two cells of a row: the target in words, and whether `value` is at most `limit`. */
export const judged = (value, limit, words) => [words, value <= limit ? 'met' : 'MISSED']
