import type { Schema } from '../arrow/schema.ts'
import { ParameterError, UnsupportedError } from '../errors.ts'
import { commandDescriptor } from '../flight/commands.ts'
import type { FlightCallOptions, FlightClient } from '../flight/flight-client.ts'
import {
  CommandStatementIngest,
  DescriptorType,
  type FlightDescriptor,
  TableExistsOption,
  TableNotExistOption,
} from '../flight/messages.generated.ts'
import { updateCount } from '../flight/prepared-statements.ts'
import type { MessageInit } from '../flight/protobuf.ts'
import type { ServerKind } from '../flight/server-kind.ts'
import { RpcError } from '../transport/rpc-error.ts'
import { lookUpSchema, lookUpTable } from './dataset-schema.ts'

/** What was sent of an upload: the rows of each batch and of all, and each answer as it came. */
export interface Progress {
  readonly sent: readonly number[]
  readonly rows: number
  readonly answers: readonly Uint8Array[]
}

/** Where an upload goes, and what its server says about it. */
export interface WriteTarget {
  readonly server: ServerKind
  /** What the first message names. */
  readonly descriptor: MessageInit<FlightDescriptor>
  /** Null when there is no such dataset. Rejects with the call's error, or a typed one. */
  lookUp(flight: FlightClient, options: FlightCallOptions): Promise<Schema | null>
  /** What is said when there is none. */
  readonly notFound: string
  /** Batches confirmed, from the first on, before the upload has ended. */
  confirmedBatches(progress: Progress): number
  /** Why an upload that was sent in full and ended without an error is not confirmed; null when it is. */
  unconfirmed(progress: Progress): string | null
  /** A failure that says more than the server's status does, or null. */
  explain(error: unknown): UnsupportedError | null
  /** What else is to be known of an upload that failed under way. */
  readonly afterFailure: string
}

/** Throws `ParameterError` for a path that cannot name a table of the server. */
export function writeTarget(server: ServerKind, path: readonly string[]): WriteTarget {
  return server === 'spice' ? pathTarget(path) : ingestTarget(path)
}

/** A Spice runtime's own way: a path. Older ones answer each batch, newer ones once. */
function pathTarget(path: readonly string[]): WriteTarget {
  return {
    server: 'spice',
    descriptor: { type: DescriptorType.PATH, path },
    lookUp: (flight, options) => lookUpSchema(flight, path, options),
    notFound: 'the runtime has no dataset of this name',
    confirmedBatches: ({ answers }) => answers.length,
    unconfirmed: ({ answers, sent }) =>
      answers.length <= 1 || answers.length >= sent.length ? null : 'the runtime did not confirm every batch',
    explain: () => null,
    afterFailure: '',
  }
}

/** Flight SQL's bulk append, to a table that has to be there. One answer, with the count, at the end. */
function ingestTarget(path: readonly string[]): WriteTarget {
  if (path.length > 3) {
    throw new ParameterError(
      `a table of a Flight SQL server is named by catalog, schema and table at most, not by ${path.length} parts`,
    )
  }
  const [table, schema, catalog] = [...path].reverse()
  const tableDefinitionOptions = {
    ifNotExist: TableNotExistOption.TABLE_NOT_EXIST_OPTION_FAIL,
    ifExists: TableExistsOption.TABLE_EXISTS_OPTION_APPEND,
  }
  return {
    server: 'flight-sql',
    descriptor: commandDescriptor(CommandStatementIngest, { tableDefinitionOptions, table, schema, catalog }),
    lookUp: (flight, options) => lookUpTable(flight, path, options),
    notFound: 'the server lists no table of this name; its case counts',
    confirmedBatches: () => 0,
    unconfirmed: ({ answers, rows }) => {
      if (answers.length === 0) return 'the server ended the upload without the count that confirms it'
      const count = updateCount(answers)
      return count < 0n || count === BigInt(rows)
        ? null
        : `the server counts ${count} rows of the ${rows} sent`
    },
    explain: noBulkAppend,
    afterFailure:
      'Flight SQL confirms a bulk append only at its end: the server may have kept any part of what was sent',
  }
}

/** Words for a command they do not know, of the Flight SQL libraries that give it INVALID_ARGUMENT. */
const UNKNOWN_COMMAND =
  /request is invalid|(unknown|unrecogni[sz]ed|unsupported|unexpected) (command|descriptor|message|request)/i

function noBulkAppend(error: unknown): UnsupportedError | null {
  if (!(error instanceof RpcError)) return null
  const { status, details } = error
  const unknown = status === 'INVALID_ARGUMENT' && UNKNOWN_COMMAND.test(details)
  if (status !== 'UNIMPLEMENTED' && !unknown) return null
  return new UnsupportedError(
    `this server takes no bulk append (CommandStatementIngest of Flight SQL); use spice.execute('INSERT …'), ` +
      `or server: 'spice' for a Spice runtime that was not recognised. It says: ${error.message}`,
    { cause: error },
  )
}
