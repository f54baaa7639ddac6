/**
 * A protobuf (proto3) codec driven by field tables, for the small Flight and Flight SQL messages. The
 * record batches themselves go through flight-data.ts. Wire facts: protobuf.dev/programming-guides/encoding.
 */
export type { FieldTable, MessageInit, MessageType } from './message-type.ts'
export { decode } from './protobuf-decode.ts'
export { encode } from './protobuf-encode.ts'
