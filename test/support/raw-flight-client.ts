import { type CallOptions, Client, credentials, Metadata, type ServiceError } from '@grpc/grpc-js'
import { Message, type Table, tableFromIPC, tableToIPC } from 'apache-arrow'
import { encodeFlightData, type FlightDataParts, parseFlightData } from '../../src/flight/flight-data.ts'
import {
  Action,
  FlightDescriptor,
  FlightInfo,
  PutResult,
  Result,
  SchemaResult,
  Ticket,
} from '../../src/flight/messages.generated.ts'
import { decode, encode, type MessageInit } from '../../src/flight/protobuf.ts'

const SERVICE = '/arrow.flight.protocol.FlightService/'
const toBuffer = (bytes: Uint8Array) => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
const asIs = (bytes: Buffer) => bytes

/** The messages of a DoGet, and the metadata it began with. */
export interface FlightStream {
  readonly metadata: Metadata
  readonly messages: FlightDataParts[]
}

/** Flight calls on a plain grpc-js client, message by message: nothing of the client under development. */
export class RawFlightClient {
  readonly client: Client
  readonly metadata: Metadata

  constructor(address: string, headers: Record<string, string> = {}) {
    this.client = new Client(address, credentials.createInsecure(), {
      'grpc.max_receive_message_length': -1,
      'grpc.max_send_message_length': -1,
    })
    this.metadata = new Metadata()
    for (const [name, value] of Object.entries(headers)) this.metadata.set(name, value)
  }

  close(): void {
    this.client.close()
  }

  unary(method: string, request: Uint8Array): Promise<Uint8Array> {
    return new Promise((resolve, reject) => {
      this.client.makeUnaryRequest(
        SERVICE + method,
        toBuffer,
        asIs,
        request,
        this.metadata,
        (error, reply) => (error ? reject(error) : resolve(reply!)),
      )
    })
  }

  serverStream(method: string, request: Uint8Array, options: CallOptions = {}) {
    return this.client.makeServerStreamRequest(
      SERVICE + method,
      toBuffer,
      asIs,
      request,
      this.metadata,
      options,
    )
  }

  duplex(method: string) {
    return this.client.makeBidiStreamRequest<Uint8Array, Buffer>(
      SERVICE + method,
      toBuffer,
      asIs,
      this.metadata,
    )
  }

  async flightInfo(descriptor: MessageInit<FlightDescriptor>): Promise<FlightInfo> {
    return decode(FlightInfo, await this.unary('GetFlightInfo', encode(FlightDescriptor, descriptor)))
  }

  async schema(descriptor: MessageInit<FlightDescriptor>): Promise<Uint8Array> {
    return decode(SchemaResult, await this.unary('GetSchema', encode(FlightDescriptor, descriptor))).schema
  }

  async action(type: string, body: Uint8Array): Promise<Uint8Array[]> {
    const call = this.serverStream('DoAction', encode(Action, { type, body }))
    const results: Uint8Array[] = []
    for await (const message of call) results.push(decode(Result, message).body)
    return results
  }

  async doGet(ticket: Uint8Array | string): Promise<FlightStream> {
    const call = this.serverStream('DoGet', encode(Ticket, { ticket: Buffer.from(ticket as string) }))
    let metadata = new Metadata()
    call.on('metadata', (received: Metadata) => {
      metadata = received
    })
    const messages: FlightDataParts[] = []
    for await (const message of call) messages.push(parseFlightData(message))
    return { metadata, messages }
  }

  /** Uploads messages and gives the application metadata of every PutResult. */
  async doPut(messages: readonly Uint8Array[]): Promise<Uint8Array[]> {
    const call = this.duplex('DoPut')
    for (const message of messages) call.write(message)
    call.end()
    const results: Uint8Array[] = []
    for await (const message of call) results.push(decode(PutResult, message as Buffer).appMetadata)
    return results
  }

  /** The rows of a DoGet as apache-arrow decodes them. */
  async table(ticket: Uint8Array | string): Promise<Table> {
    return tableOf((await this.doGet(ticket)).messages)
  }
}

/** FlightData messages as the IPC stream they are cut from. */
function ipcStreamOf(messages: readonly FlightDataParts[]): Buffer {
  const parts = messages.flatMap(({ header, body }) => {
    const prefix = Buffer.alloc(8)
    prefix.writeInt32LE(-1, 0)
    prefix.writeInt32LE(header.length, 4)
    return [prefix, header, body]
  })
  return Buffer.concat(parts)
}

export function tableOf(messages: readonly FlightDataParts[]): Table {
  return tableFromIPC(ipcStreamOf(messages))
}

/** A table as the messages of an upload: the schema, which carries the descriptor, then each batch. */
export function uploadOf(table: Table, descriptor: MessageInit<FlightDescriptor>): Uint8Array[] {
  const stream = Buffer.from(tableToIPC(table, 'stream'))
  const messages: Uint8Array[] = []
  for (let at = 0; at + 8 <= stream.length; ) {
    const headerLength = stream.readInt32LE(at + 4)
    if (headerLength === 0) break
    const header = stream.subarray(at + 8, at + 8 + headerLength)
    const bodyLength = Number(Message.decode(header).bodyLength)
    at += 8 + headerLength
    const body = stream.subarray(at, at + bodyLength)
    at += bodyLength
    messages.push(encodeFlightData({ header, body, ...(messages.length === 0 ? { descriptor } : {}) }))
  }
  return messages
}

/** The error a promise rejects with, as the gRPC error it has to be. */
export async function rpcErrorOf(work: Promise<unknown>): Promise<ServiceError> {
  const error = await work.then(
    () => undefined,
    (reason) => reason,
  )
  if (typeof error?.code !== 'number') throw new Error(`expected a gRPC error, got ${error}`)
  return error
}
