import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { bodyOffset, encodeFlightData, parseFlightData } from '../../src/flight/flight-data.ts'
import { FlightData, FlightDescriptor } from '../../src/flight/messages.generated.ts'
import { decode, encode } from '../../src/flight/protobuf.ts'

const bytes = (maxLength: number) => fc.uint8Array({ maxLength })

describe('FlightData', () => {
  it('is read and written as the table-driven codec does', () => {
    fc.assert(
      fc.property(
        bytes(400),
        bytes(20),
        bytes(3000),
        fc.boolean(),
        (header, appMetadata, body, described) => {
          const descriptor = described ? { type: 2, cmd: Uint8Array.of(1, 2), path: [] } : undefined
          const message = encodeFlightData({ descriptor, header, appMetadata, body })
          const reference = { flightDescriptor: descriptor, dataHeader: header, appMetadata, dataBody: body }
          expect(message).toEqual(encode(FlightData, reference))
          const parts = parseFlightData(message)
          expect([parts.header, parts.appMetadata, parts.body]).toEqual([header, appMetadata, body])
          if (descriptor) expect(decode(FlightDescriptor, parts.descriptor)).toEqual(descriptor)
          else expect(parts.descriptor).toHaveLength(0)
        },
      ),
    )
  })

  it('gives views of the message', () => {
    const message = encodeFlightData({ header: Uint8Array.of(1), body: Uint8Array.of(2, 3) })
    const parts = parseFlightData(message)
    expect(parts.header.buffer).toBe(message.buffer)
    expect(parts.body.buffer).toBe(message.buffer)
  })

  it('gives plain byte arrays of a message that is a Buffer', () => {
    const message = Buffer.from(encodeFlightData({ header: Uint8Array.of(1), body: Uint8Array.of(2, 3) }))
    const { header, body } = parseFlightData(message)
    expect([header.constructor, body.constructor]).toEqual([Uint8Array, Uint8Array])
    expect(body).toEqual(Uint8Array.of(2, 3))
  })

  it('skips fields it does not know', () => {
    const known = encodeFlightData({ header: Uint8Array.of(1), body: Uint8Array.of(2) })
    const unknown = [0x20, 0x96, 0x01, 0x29, 1, 2, 3, 4, 5, 6, 7, 8, 0x35, 1, 2, 3, 4, 0x3a, 1, 9]
    const parts = parseFlightData(Uint8Array.from([...unknown, ...known, ...unknown]))
    expect([parts.header, parts.body]).toEqual([Uint8Array.of(1), Uint8Array.of(2)])
  })

  it('ends every random input with parts or a ProtocolError', () => {
    fc.assert(
      fc.property(bytes(40), (input) => {
        try {
          parseFlightData(input)
        } catch (error) {
          expect(error).toMatchObject({ code: 'PROTOCOL' })
        }
      }),
      { numRuns: 1000 },
    )
  })

  it.each([
    ['a tag without an end', [0xff, 0xff, 0xff, 0xff, 0xff, 0xff]],
    ['a length without an end', [0x12, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]],
    ['a header beyond the message', [0x12, 9, 1]],
    ['a body cut short', [0xc2, 0x3e, 5, 1, 2]],
    ['a group', [0x0b]],
  ])('refuses %s', (_what, input) => {
    expect(() => parseFlightData(Uint8Array.from(input))).toThrow(/FlightData/)
  })
})

describe('the offset of the body', () => {
  it('is told from the first bytes, whether or not they reach the body', () => {
    fc.assert(
      fc.property(bytes(500), bytes(20_000), fc.integer({ min: 16, max: 600 }), (header, body, known) => {
        fc.pre(header.length > 0 && body.length > 0)
        const message = encodeFlightData({ header, body })
        const offset = parseFlightData(message).body.byteOffset
        expect(bodyOffset(message, 0, known, message.length)).toBe(offset)
      }),
    )
  })

  it('accounts for application metadata the first bytes show', () => {
    const message = encodeFlightData({
      header: new Uint8Array(5),
      appMetadata: new Uint8Array(3),
      body: new Uint8Array(100),
    })
    expect(bodyOffset(message, 0, message.length, message.length)).toBe(message.length - 100)
  })

  it('is -1 for a message without a body', () => {
    const message = encodeFlightData({ header: new Uint8Array(300) })
    expect(bodyOffset(message, 0, 16, message.length)).toBe(-1)
    expect(bodyOffset(new Uint8Array(0), 0, 0, 0)).toBe(-1)
  })

  it('never lies outside the message', () => {
    fc.assert(
      fc.property(bytes(32), fc.nat(1000), (head, more) => {
        const length = head.length + more
        const offset = bodyOffset(head, 0, head.length, length)
        expect(offset === -1 || (offset > 0 && offset < length)).toBe(true)
      }),
      { numRuns: 1000 },
    )
  })
})
