import { type RawVector, vectorBytes, vectorValidity } from './raw-vectors.ts'

/** UUIDs as text. DuckDB stores 128 bits, little-endian, with the highest bit flipped so that they sort. */
export function readUuids(vector: RawVector, size: number): Array<string | null> {
  const bytes = Buffer.from(vectorBytes(vector, size * 16))
  const validity = vectorValidity(vector, size)
  return Array.from({ length: size }, (_, row) => {
    if (validity !== null && ((validity[row >> 3] >> (row & 7)) & 1) === 0) return null
    const value = bytes.subarray(row * 16, row * 16 + 16).reverse()
    value[0] ^= 0x80
    const hex = value.toString('hex')
    return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`
  })
}
