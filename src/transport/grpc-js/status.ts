import type { StatusObject } from '@grpc/grpc-js'
import { ConnectionError, LimitError, ProtocolError, type SidecarError, TimeoutError } from '../../errors.ts'
import { GRPC_STATUS, RpcError } from '../rpc-error.ts'
import { explainTlsFailure } from '../socket-failure.ts'
import { ReceivedMetadata } from './metadata.ts'

/**
 * The error a grpc-js status stands for. grpc-js reports its own failures (no connection, a reset stream,
 * a message over the limit) with the same codes a server uses; only its fixed wording tells them apart.
 * @param answered the peer had begun to answer, so that it cannot have refused the call unprocessed
 */
export function errorFromStatus(
  status: StatusObject,
  peer: string,
  deadline: { passed: boolean; timeoutMs: number },
  answered: boolean,
): SidecarError {
  const name = GRPC_STATUS[status.code] ?? 'UNKNOWN'
  const { details } = status
  // A peer that keeps the deadline too may end the call first, with either code.
  if ((name === 'DEADLINE_EXCEEDED' || name === 'CANCELLED') && deadline.passed) {
    return new TimeoutError(
      `No complete answer from ${peer} within ${deadline.timeoutMs} ms`,
      deadline.timeoutMs,
    )
  }
  if (name === 'UNAVAILABLE') {
    const refused = /^No connection established(?:\. Last error: (.*))?|^Name resolution failed/s.exec(
      details,
    )
    if (refused) {
      return new ConnectionError(
        'CONNECTION_FAILED',
        `Could not connect to ${peer}: ${reasonIn(refused[1] ?? details)}`,
        {
          unprocessed: true,
        },
      )
    }
    if (/^Connection dropped|\bECONNRESET\b|\bEPIPE\b|\bETIMEDOUT\b/.test(details)) {
      return new ConnectionError('CONNECTION_LOST', `The connection to ${peer} was lost: ${details}`)
    }
  }
  if (name === 'RESOURCE_EXHAUSTED' && details.startsWith('Received message larger than max')) {
    return new LimitError(`${peer} sent a message larger than maxMessageBytes allows: ${details}`)
  }
  if (name === 'INTERNAL' && details.includes('Call ended without gRPC status')) {
    return new ProtocolError(`${peer} ended the response without a gRPC status`)
  }
  return new RpcError(name, details, new ReceivedMetadata(status.metadata), {
    unprocessed: name === 'UNAVAILABLE' && details === 'Stream refused by server' && !answered,
  })
}

/** Without the time and the empty note that grpc-js puts behind every reason. */
function reasonIn(details: string): string {
  const words = details.replace(/ \(\d{4}-[^)]*Z\)/, '').replace(/\.? Resolution note: *$/, '')
  if (/^Protocol error/.test(words)) return 'the peer does not speak gRPC; is this the Flight port?'
  const tls = explainTlsFailure({ name: 'Error', message: words }, 'grpc://')
  return tls === undefined ? words.trim() : `the peer ${tls}`
}
