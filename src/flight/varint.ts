export function varintLength(value: number | bigint): number {
  let length = 1
  if (typeof value === 'bigint') {
    for (let rest = value >> 7n; rest > 0n; rest >>= 7n) length++
  } else {
    for (let rest = Math.floor(value / 128); rest > 0; rest = Math.floor(rest / 128)) length++
  }
  return length
}

/** Writes an unsigned varint and returns the position after it. */
export function writeVarint(value: number | bigint, out: Uint8Array, at: number): number {
  if (typeof value === 'bigint') {
    let rest = value
    while (rest > 0x7fn) {
      out[at++] = Number(rest & 0x7fn) | 0x80
      rest >>= 7n
    }
    out[at++] = Number(rest)
    return at
  }
  let rest = value
  while (rest > 0x7f) {
    out[at++] = (rest % 128) | 0x80
    rest = Math.floor(rest / 128)
  }
  out[at++] = rest
  return at
}
