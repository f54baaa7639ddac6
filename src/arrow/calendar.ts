/** Proleptic Gregorian calendar arithmetic over day counts, exact beyond the range of `Date`. */

/**
 * `YYYY-MM-DD` of a count of days since 1970-01-01.
 * @param yearText writes the year; by default years outside 0000 to 9999 as `±YYYYYY`, as `Date` does
 */
export function formatDate(days: number, yearText: (year: number) => string = formatYear): string {
  // Days since 0000-03-01, in eras of 400 years (146 097 days) whose years begin in March.
  const shifted = days + 719_468
  const era = Math.floor(shifted / 146_097)
  const dayOfEra = shifted - era * 146_097
  const yearOfEra = Math.floor(
    (dayOfEra -
      Math.floor(dayOfEra / 1460) +
      Math.floor(dayOfEra / 36_524) -
      Math.floor(dayOfEra / 146_096)) /
      365,
  )
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100))
  const marchMonth = Math.floor((5 * dayOfYear + 2) / 153)
  const day = dayOfYear - Math.floor((153 * marchMonth + 2) / 5) + 1
  const month = marchMonth < 10 ? marchMonth + 3 : marchMonth - 9
  const year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
  return `${yearText(year)}-${two(month)}-${two(day)}`
}

/** The inverse of `formatDate`; null when the text is not a date of that form. */
export function parseDate(text: string): number | null {
  const match = /^([+-]\d{6,9}|\d{4})-(\d\d)-(\d\d)$/.exec(text)
  if (match === null) return null
  const month = Number(match[2])
  const day = Number(match[3])
  if (month < 1 || month > 12 || day < 1 || day > 31) return null
  const year = Number(match[1]) - (month <= 2 ? 1 : 0)
  const era = Math.floor(year / 400)
  const yearOfEra = year - era * 400
  const dayOfYear = Math.floor((153 * (month > 2 ? month - 3 : month + 9) + 2) / 5) + day - 1
  const dayOfEra = yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear
  const days = era * 146_097 + dayOfEra - 719_468
  return formatDate(days) === text ? days : null
}

function formatYear(year: number): string {
  if (year >= 0 && year <= 9999) return String(year).padStart(4, '0')
  return `${year < 0 ? '-' : '+'}${String(Math.abs(year)).padStart(6, '0')}`
}

/** Two digits. */
export function two(value: number): string {
  return value < 10 ? `0${value}` : String(value)
}
