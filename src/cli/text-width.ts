/** Han, Kana, Hangul, full-width forms and what is shown as an emoji take two columns of a terminal. */
const WIDE =
  /^[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{20000}-\u{3fffd}]|\p{Emoji_Presentation}|\ufe0f/u
const ONE_COLUMN_EACH = /^[\x20-\x7e\u00a0-\u02ff]*$/

let segmenter: Intl.Segmenter | undefined

/** Columns a text takes on a terminal. */
export function textWidth(text: string): number {
  if (ONE_COLUMN_EACH.test(text)) return text.length
  let width = 0
  for (const { segment } of characters(text)) width += characterWidth(segment)
  return width
}

/** The text, or its beginning and `…`, in at most `columns` columns. */
export function fitText(text: string, columns: number): string {
  if (textWidth(text) <= columns) return text
  let width = 0
  let kept = ''
  for (const { segment } of characters(text)) {
    width += characterWidth(segment)
    if (width > columns - 1) break
    kept += segment
  }
  return `${kept}…`
}

/** As the reader sees them: an emoji of several code points is one. */
function characters(text: string): Intl.Segments {
  segmenter ??= new Intl.Segmenter('en', { granularity: 'grapheme' })
  return segmenter.segment(text)
}

function characterWidth(character: string): number {
  if (WIDE.test(character)) return 2
  return /^[\p{Mn}\p{Me}\p{Cf}]+$/u.test(character) ? 0 : 1
}
