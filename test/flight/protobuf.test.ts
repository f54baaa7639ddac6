import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import type protobuf from 'protobufjs'
import { describe, expect, it } from 'vitest'
import { generateMessages, loadProtocol } from '../../scripts/generate-messages.ts'
import { anyTypeName, packAny, unpackAny } from '../../src/flight/any.ts'
import type { FieldTable, MessageType } from '../../src/flight/message-type.ts'
import * as messages from '../../src/flight/messages.generated.ts'
import { decode, encode } from '../../src/flight/protobuf.ts'

const root = loadProtocol()

const allTypes = Object.values(messages).filter(
  (item): item is MessageType<Record<string, unknown>> => typeof item === 'object' && 'typeName' in item,
)

/** Values for every field of a message, in the form `decode` returns them. */
function arbitraryMessage(type: MessageType<unknown>): fc.Arbitrary<Record<string, unknown>> {
  const fields: Record<string, fc.Arbitrary<unknown>> = {}
  for (const field of type.fields) fields[field.name] = arbitraryField(field)
  return fc.record(fields)
}

function arbitraryField(field: FieldTable): fc.Arbitrary<unknown> {
  if (field.kind === 'map') {
    return fc.array(fc.tuple(text, text), { maxLength: 3 }).map((entries) => new Map(entries))
  }
  if (field.rule === 'repeated') return fc.array(arbitraryValue(field), { maxLength: 4 })
  const absent = field.rule === 'optional' || field.kind === 'message'
  return absent ? fc.option(arbitraryValue(field), { nil: undefined }) : arbitraryValue(field)
}

const text = fc.string({ unit: 'binary', maxLength: 20 })

function arbitraryValue(field: FieldTable): fc.Arbitrary<unknown> {
  switch (field.kind) {
    case 'string':
      return text
    case 'bytes':
      return fc.uint8Array({ maxLength: 300 })
    case 'bool':
      return fc.boolean()
    case 'int64':
      return fc.bigInt({ min: -(1n << 63n), max: (1n << 63n) - 1n })
    case 'uint64':
      return fc.bigInt({ min: 0n, max: (1n << 64n) - 1n })
    case 'uint32':
      return fc.nat(0xffffffff)
    case 'double':
      return fc.double({ noNaN: true })
    case 'message':
      return arbitraryMessage(field.message)
    default:
      return fc.integer()
  }
}

/** The same values in the form protobufjs takes: no undefined, numbers of 64 bits as decimal text. */
function asReference(value: unknown): unknown {
  if (typeof value === 'bigint') return value.toString()
  if (value instanceof Map) return Object.fromEntries(value)
  if (value instanceof Uint8Array) return Buffer.from(value)
  if (Array.isArray(value)) return value.map(asReference)
  if (typeof value === 'object' && value !== null) {
    return Object.fromEntries(
      Object.entries(value)
        .filter(([, item]) => item !== undefined)
        .map(([name, item]) => [name === 'typeUrl' ? 'type_url' : name, asReference(item)]),
    )
  }
  return value
}

describe('the generated field tables', () => {
  it('are current with proto/*.proto', () => {
    const committed = readFileSync(new URL('../../src/flight/messages.generated.ts', import.meta.url), 'utf8')
    expect(generateMessages(root)).toBe(committed)
  })

  it('cover every message of both files', () => {
    expect(allTypes.length).toBeGreaterThan(40)
    for (const type of allTypes) expect(root.lookupType(type.typeName).fullName).toBe(`.${type.typeName}`)
  })
})

describe('the codec agrees with protobufjs', () => {
  it.each(allTypes.map((type) => [type.typeName, type] as const))('%s', (name, type) => {
    const reference: protobuf.Type = root.lookupType(name)
    fc.assert(
      fc.property(arbitraryMessage(type), (message) => {
        const bytes = encode(type, message)
        expect(decode(type, bytes)).toEqual(message)
        const theirs = reference.encode(reference.fromObject(asReference(message) as object)).finish()
        expect(decode(type, theirs)).toEqual(message)
        const back = reference.decode(bytes)
        expect(reference.encode(back).finish()).toEqual(theirs)
      }),
      { numRuns: 25 },
    )
  })
})

describe('decoding', () => {
  const { Ticket, FlightDescriptor, FlightInfo, CommandGetSqlInfo, CommandStatementIngest } = messages

  it('gives bytes as views of the input', () => {
    const input = encode(Ticket, { ticket: Uint8Array.of(1, 2, 3) })
    expect(decode(Ticket, input).ticket.buffer).toBe(input.buffer)
  })

  it('skips unknown fields of every wire type', () => {
    const unknown = Uint8Array.from([
      ...[0xa0, 0x06, 0x96, 0x01], // field 100, varint
      ...[0xa1, 0x06, 1, 2, 3, 4, 5, 6, 7, 8], // 64 bits
      ...[0xa2, 0x06, 2, 9, 9], // length-delimited
      ...[0xa5, 0x06, 1, 2, 3, 4], // 32 bits
      ...[0xa3, 0x06, 0x08, 1, 0xa4, 0x06], // group with a varint inside
    ])
    const known = encode(Ticket, { ticket: Uint8Array.of(7) })
    expect(decode(Ticket, Buffer.concat([unknown, known, unknown])).ticket).toEqual(Uint8Array.of(7))
  })

  it('takes a field of another wire type for unknown', () => {
    expect(decode(Ticket, Uint8Array.of(0x08, 5)).ticket).toHaveLength(0)
  })

  it('reads repeated numbers packed and one by one', () => {
    expect(decode(CommandGetSqlInfo, Uint8Array.of(0x0a, 2, 1, 2, 0x08, 3)).info).toEqual([1, 2, 3])
  })

  it('merges a message field that occurs twice, and lets the last scalar win', () => {
    const twice = Buffer.concat([
      encode(FlightInfo, { flightDescriptor: { type: 2, cmd: Uint8Array.of(1) }, totalRecords: 1n }),
      encode(FlightInfo, { flightDescriptor: { path: ['a'] }, totalRecords: -1n }),
    ])
    expect(decode(FlightInfo, twice)).toMatchObject({
      flightDescriptor: { type: 2, cmd: Uint8Array.of(1), path: ['a'] },
      totalRecords: -1n,
    })
  })

  it('does not let a map key reach an object prototype', () => {
    const bytes = encode(CommandStatementIngest, { options: new Map([['__proto__', 'x']]) })
    expect([...decode(CommandStatementIngest, bytes).options]).toEqual([['__proto__', 'x']])
    expect(({} as Record<string, unknown>).x).toBeUndefined()
  })

  it.each([
    ['a length beyond the end', [0x0a, 5, 1]],
    ['a length of 2^63', [0x0a, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f]],
    ['a varint of eleven bytes', [0x10, ...new Array(10).fill(0xff), 1]],
    ['a tag cut short', [0x80]],
    ['field number 0', [0x02, 0]],
    ['wire type 7', [0x17]],
    ['a group that never ends', [0xa3, 0x06]],
    ['groups nested without end', new Array(200).fill([0xa3, 0x06]).flat()],
    ['a group end without a start', [0xa4, 0x06]],
    ['a fixed field cut short', [0xa1, 0x06, 1]],
    ['a path that is not UTF-8', [0x1a, 1, 0xff]],
  ])('refuses %s', (_what, bytes) => {
    expect(() => decode(FlightDescriptor, Uint8Array.from(bytes as number[]))).toThrowError(
      expect.objectContaining({ code: 'PROTOCOL' }),
    )
  })

  it('ends every random input with a message or a ProtocolError', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), fc.constantFrom(...allTypes), (bytes, type) => {
        try {
          decode(type, bytes)
        } catch (error) {
          expect(error).toMatchObject({ code: 'PROTOCOL' })
        }
      }),
    )
  })
})

describe('Any', () => {
  const { Any, CommandStatementQuery, CommandStatementUpdate } = messages

  it('packs a command under its type URL', () => {
    const any = decode(Any, packAny(CommandStatementQuery, { query: 'SELECT 1' }))
    expect(any.typeUrl).toBe('type.googleapis.com/arrow.flight.protocol.sql.CommandStatementQuery')
    expect(anyTypeName(any)).toBe('arrow.flight.protocol.sql.CommandStatementQuery')
    expect(decode(CommandStatementQuery, any.value).query).toBe('SELECT 1')
  })

  it('refuses to unpack another type than the expected one', () => {
    const bytes = packAny(CommandStatementQuery, { query: 'SELECT 1' })
    expect(unpackAny(CommandStatementQuery, bytes).query).toBe('SELECT 1')
    expect(() => unpackAny(CommandStatementUpdate, bytes)).toThrow(/CommandStatementQuery/)
  })
})
