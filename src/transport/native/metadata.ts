import { OptionsError } from '../../errors.ts'
import type { Metadata, MetadataEntries } from '../transport.ts'

/** Response metadata over the fields of a decoded header block, read when asked. */
export class ResponseMetadata implements Metadata {
  /** Names and values in turn. */
  readonly #fields: readonly string[]

  constructor(fields: readonly string[]) {
    this.#fields = fields
  }

  get(name: string): string | undefined {
    return fieldValue(this.#fields, name)
  }

  getBinary(name: string): Uint8Array | undefined {
    const value = fieldValue(this.#fields, name)
    if (value === undefined) return undefined
    const comma = value.indexOf(',')
    return decodeBinary(comma < 0 ? value : value.slice(0, comma))
  }

  entries(): MetadataEntries {
    const entries: Array<readonly [string, string | Uint8Array]> = []
    for (let i = 0; i < this.#fields.length; i += 2) {
      const name = this.#fields[i]
      if (name.startsWith(':')) continue
      const value = this.#fields[i + 1]
      if (!name.endsWith('-bin')) entries.push([name, value])
      // Several binary values may come joined by commas: gRPC over HTTP/2, "Custom-Metadata".
      else for (const part of value.split(',')) entries.push([name, decodeBinary(part)])
    }
    return entries
  }
}

export const NO_METADATA: Metadata = new ResponseMetadata([])

/** The first value of `name` among names and values in turn. */
export function fieldValue(fields: readonly string[], name: string): string | undefined {
  for (let i = 0; i < fields.length; i += 2) if (fields[i] === name) return fields[i + 1]
  return undefined
}

/** Base64 with or without padding. */
function decodeBinary(text: string): Uint8Array {
  return Buffer.from(text, 'base64')
}

/** Fields of the protocol itself, which metadata may not set. */
const RESERVED = new Set([
  'connection',
  'content-length',
  'content-type',
  'grpc-accept-encoding',
  'grpc-encoding',
  'grpc-timeout',
  'host',
  'keep-alive',
  'proxy-connection',
  'te',
  'transfer-encoding',
  'upgrade',
  'user-agent',
])

/** Checks request metadata and turns binary values to base64. Throws `OptionsError`. */
export function requestFields(metadata: MetadataEntries): Array<readonly [name: string, value: string]> {
  return metadata.map(([name, value]) => {
    if (!/^[0-9a-z_.-]+$/.test(name)) {
      throw new OptionsError(
        `metadata name ${JSON.stringify(name)}: use lower-case letters, digits, "_", "-" and "."`,
      )
    }
    if (RESERVED.has(name)) throw new OptionsError(`metadata name "${name}" is set by the transport itself`)
    if (name.endsWith('-bin')) {
      if (typeof value === 'string') throw new OptionsError(`metadata "${name}" takes bytes, not a string`)
      // Without padding, as the gRPC specification recommends.
      return [name, Buffer.from(value).toString('base64').replace(/=+$/, '')]
    }
    if (typeof value !== 'string')
      throw new OptionsError(`metadata "${name}" takes a string; bytes need a name in "-bin"`)
    if (!/^[\x20-\x7e]*$/.test(value))
      throw new OptionsError(`metadata "${name}" has characters outside printable ASCII`)
    return [name, value]
  })
}

/** `grpc-message`: percent-encoded UTF-8; what is not a valid escape stands for itself. */
export function decodeStatusMessage(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the test is for ASCII
  if (!text.includes('%') && /^[\x00-\x7f]*$/.test(text)) return text
  const bytes = Buffer.alloc(text.length)
  let length = 0
  for (let i = 0; i < text.length; i++) {
    const digits = text[i] === '%' ? text.slice(i + 1, i + 3) : ''
    if (/^[0-9a-fA-F]{2}$/.test(digits)) {
      bytes[length++] = Number.parseInt(digits, 16)
      i += 2
    } else bytes[length++] = text.charCodeAt(i)
  }
  return bytes.toString('utf8', 0, length)
}
