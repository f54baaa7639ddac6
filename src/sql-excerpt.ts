/** A statement on one line, cut to what an error message can carry. */
export function sqlExcerpt(sql: string, length = 160): string {
  const line = sql.length > 4 * length ? sql.slice(0, 4 * length) : sql
  const text = line.replace(/\s+/g, ' ').trim()
  return text.length > length || line.length < sql.length ? `${text.slice(0, length - 1)}…` : text
}
