/** What begins a condition or a result: a NULL within it is as good as false, whatever stands before. */
const CONDITIONS = new Set(['WHERE', 'HAVING', 'QUALIFY', 'ON', 'WHEN', 'SELECT', ';'])
/** What ends an operand of NOT. */
const SEPARATORS = new Set(['AND', 'OR', 'THEN', 'ELSE', 'CASE', ','])

/**
 * Whether what stands behind these tokens is negated: `x NOT IN (`, `NOT x IN (`, `NOT (x = 1 OR y IN (`. An
 * empty list is NULL there, and so is NOT of it: the condition that should let everything through lets nothing.
 * @param before tokens in upper case
 */
export function isNegated(before: readonly string[]): boolean {
  let depth = 0
  let within = true
  for (let i = before.length - 1; i >= 0; i--) {
    const token = before[i]
    if (token === ')') depth++
    else if (token === '(' && depth > 0) depth--
    // One level out, everything read so far is one operand.
    else if (token === '(') within = true
    else if (depth > 0) continue
    else if (CONDITIONS.has(token)) return false
    else if (SEPARATORS.has(token)) within = false
    else if (token === 'NOT' && within && before[i + 1] !== 'NULL') return true
  }
  return false
}
