/**
 * Huffman decoding of HPACK strings: RFC 7541, section 5.2 and appendix B. The code is canonical, so the
 * lengths alone define it. Decoding walks a state machine four bits at a time; it is built at first use.
 */

/** Code length in bits of each byte value, and of EOS (256) at the end. */
// biome-ignore format: a table is read in rows
const CODE_LENGTHS = [
  13, 23, 28, 28, 28, 28, 28, 28, 28, 24, 30, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 30, 28,
  28, 28, 28, 28, 28, 28, 28, 28, 6, 10, 10, 12, 13, 6, 8, 11, 10, 10, 8, 11, 8, 6, 6, 6,
  5, 5, 5, 6, 6, 6, 6, 6, 6, 6, 7, 8, 15, 6, 12, 10, 13, 6, 7, 7, 7, 7, 7, 7,
  7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 8, 7, 8, 13, 19, 13, 14, 6,
  15, 5, 6, 5, 6, 5, 6, 6, 6, 5, 7, 7, 6, 6, 6, 5, 6, 7, 6, 5, 5, 6, 7, 7,
  7, 7, 7, 15, 11, 14, 13, 28, 20, 22, 20, 20, 22, 22, 22, 23, 22, 23, 23, 23, 23, 23, 24, 23,
  24, 24, 22, 23, 24, 23, 23, 23, 23, 21, 22, 23, 22, 23, 23, 24, 22, 21, 20, 22, 22, 23, 23, 21,
  23, 22, 22, 24, 21, 22, 23, 23, 21, 21, 22, 21, 23, 22, 23, 23, 20, 22, 22, 22, 23, 22, 22, 23,
  26, 26, 20, 19, 22, 23, 22, 25, 26, 26, 26, 27, 27, 26, 24, 25, 19, 21, 26, 27, 27, 26, 27, 24,
  21, 21, 26, 26, 28, 27, 27, 27, 20, 24, 20, 21, 22, 21, 21, 23, 22, 22, 25, 25, 24, 24, 26, 23,
  26, 27, 26, 26, 27, 27, 27, 27, 27, 28, 27, 27, 27, 27, 27, 26, 30,
]

const EOS = 256
/** Set in a transition when the nibble completes a symbol, held in the low byte. */
const EMITS = 0x100
/** The nibble leads to EOS or to no code at all: a decoding error. */
const FAILS = 0x200
const STATE_SHIFT = 10

/** Transition of `state * 16 + nibble`: next state << 10 | flags | symbol. */
let transitions: Uint32Array | undefined
/** 1 for states in which a string may end: fewer than 8 bits, all ones, since the last symbol. */
let accepting: Uint8Array

function build(): Uint32Array {
  // A binary tree: children[2 * node + bit] is a node (positive), a symbol (-1 - symbol) or absent (0).
  const children: number[] = [0, 0]
  const bySize = Array.from({ length: EOS + 1 }, (_, symbol) => symbol).sort(
    (a, b) => CODE_LENGTHS[a] - CODE_LENGTHS[b] || a - b,
  )
  let code = 0
  let previousLength = CODE_LENGTHS[bySize[0]]
  for (const [position, symbol] of bySize.entries()) {
    const length = CODE_LENGTHS[symbol]
    if (position > 0) code = (code + 1) * 2 ** (length - previousLength)
    previousLength = length
    let node = 0
    for (let bit = length - 1; bit >= 0; bit--) {
      const slot = 2 * node + ((code >>> bit) & 1)
      if (bit === 0) children[slot] = -1 - symbol
      else {
        if (children[slot] === 0) {
          children[slot] = children.length / 2
          children.push(0, 0)
        }
        node = children[slot]
      }
    }
  }
  const nodes = children.length / 2
  const table = new Uint32Array(nodes * 16)
  for (let node = 0; node < nodes; node++) {
    for (let nibble = 0; nibble < 16; nibble++) table[node * 16 + nibble] = walk(children, node, nibble)
  }
  accepting = new Uint8Array(nodes)
  for (let node = 0, bits = 0; bits < 8; bits++, node = children[2 * node + 1]) accepting[node] = 1
  return table
}

/** At most one symbol ends within four bits, since no code is shorter than five. */
function walk(children: number[], start: number, nibble: number): number {
  let node = start
  let emitted = 0
  for (let bit = 3; bit >= 0; bit--) {
    const next = children[2 * node + ((nibble >>> bit) & 1)]
    if (next === -1 - EOS || next === 0) return FAILS
    if (next < 0) {
      emitted = EMITS | (-1 - next)
      node = 0
    } else node = next
  }
  return (node << STATE_SHIFT) | emitted
}

/**
 * Decodes `source[start, end)` into `target` from its beginning; `target` needs room for
 * `(end - start) * 8 / 5` bytes. Returns the number of bytes written, or -1 when the bytes are not a
 * Huffman string: an EOS inside, padding of 8 bits or more, or padding that is not all ones.
 */
export function decodeHuffman(source: Uint8Array, start: number, end: number, target: Uint8Array): number {
  transitions ??= build()
  const table = transitions
  let state = 0
  let length = 0
  for (let position = start; position < end; position++) {
    const byte = source[position]
    let transition = table[state * 16 + (byte >>> 4)]
    if (transition & FAILS) return -1
    if (transition & EMITS) target[length++] = transition
    transition = table[(transition >>> STATE_SHIFT) * 16 + (byte & 15)]
    if (transition & FAILS) return -1
    if (transition & EMITS) target[length++] = transition
    state = transition >>> STATE_SHIFT
  }
  return accepting[state] === 1 ? length : -1
}
