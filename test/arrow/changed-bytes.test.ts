import { readdirSync, readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, test } from 'vitest'
import { readIpc, StreamDecoder, toTable } from '../../src/arrow/index.ts'
import { LimitError, LossyValueError, ProtocolError, UnsupportedError } from '../../src/errors.ts'

const directory = new URL('../fixtures/arrow/', import.meta.url)
const fixtures = readdirSync(directory)
  .filter((name) => name.endsWith('.arrow'))
  .map((name) => ({ name, bytes: new Uint8Array(readFileSync(new URL(name, directory))) }))

/** Runs per fixture; raise it with FUZZ_RUNS to search longer. */
const RUNS = Number(process.env.FUZZ_RUNS ?? 60)
/** Small enough that an expansion beyond it ends a run soon. */
const MAX_BYTES = 1 << 20

/** Only errors that say whose fault it is may come out; a RangeError would be a read gone wrong. */
function decodeFully(bytes: Uint8Array): void {
  try {
    for (const batch of readIpc(bytes, { maxDecompressedBytes: MAX_BYTES }).batches) {
      // What a batch claims without bytes to show for it is bounded, but still slow to make in a test.
      if (batch.rowCount <= 100_000) batch.appendRows([])
    }
  } catch (error) {
    expectHonest(error)
  }
}

function expectHonest(error: unknown): void {
  const honest =
    error instanceof ProtocolError ||
    error instanceof UnsupportedError ||
    error instanceof LimitError ||
    error instanceof LossyValueError
  if (!honest) throw error
}

/** Some places of `bytes` overwritten, with values that make lengths and offsets extreme more often than not. */
function mutationsOf(bytes: Uint8Array, most: number): fc.Arbitrary<Uint8Array> {
  const mutation = fc.record({
    position: fc.nat(bytes.length - 1),
    value: fc.oneof(fc.constantFrom(0, 1, 0x7f, 0x80, 0xff), fc.integer({ min: 0, max: 255 })),
    width: fc.constantFrom(1, 1, 1, 4, 8),
  })
  return fc.array(mutation, { minLength: 1, maxLength: most }).map((mutations) => {
    const copy = bytes.slice()
    for (const { position, value, width } of mutations) copy.fill(value, position, position + width)
    return copy
  })
}

describe.each(fixtures)('$name', ({ bytes }) => {
  test('with bytes changed gives values or an error that names the fault', () => {
    fc.assert(
      fc.property(mutationsOf(bytes, 4), (changed) => decodeFully(changed)),
      { numRuns: RUNS },
    )
  })

  test('cut off anywhere gives an error, or the batches before the cut', () => {
    fc.assert(
      fc.property(fc.nat(bytes.length - 1), (length) => decodeFully(bytes.slice(0, length))),
      { numRuns: RUNS },
    )
  })

  test('with bytes changed converts to apache-arrow or refuses to', async () => {
    await fc.assert(
      fc.asyncProperty(mutationsOf(bytes, 2), async (changed) => {
        try {
          const { batches, schema } = readIpc(changed, { maxDecompressedBytes: MAX_BYTES })
          await toTable(batches, schema)
        } catch (error) {
          expectHonest(error)
        }
      }),
      { numRuns: Math.ceil(RUNS / 3) },
    )
  })
})

test('random bytes are no message', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 400 }), fc.uint8Array({ maxLength: 64 }), (header, body) => {
      try {
        new StreamDecoder().push(header, body)
      } catch (error) {
        expectHonest(error)
      }
    }),
    { numRuns: 2000 },
  )
})
