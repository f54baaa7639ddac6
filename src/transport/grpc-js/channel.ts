import { isIP } from 'node:net'
import type { SecureContext } from 'node:tls'
import type { Channel, ChannelCredentials, ChannelOptions } from '@grpc/grpc-js'
import { bracketed, formatFlightAddress } from '../../address.ts'
import {
  DEFAULT_MAX_MESSAGE_BYTES,
  DEFAULT_PING_TIMEOUT_MS,
  DEFAULT_STREAM_WINDOW_BYTES,
} from '../defaults.ts'
import { unusableTls } from '../socket-failure.ts'
import type { FlightAddress, TlsOptions, TransportOptions } from '../transport.ts'

type Grpc = typeof import('@grpc/grpc-js')

/** A channel that holds one connection of its own. Throws `OptionsError` for TLS material that cannot be used. */
export function createChannel(grpc: Grpc, options: TransportOptions): Channel {
  const { address, tls } = options
  const channelOptions: ChannelOptions = {
    'grpc.primary_user_agent': options.userAgent,
    'grpc.max_receive_message_length': options.maxMessageBytes ?? DEFAULT_MAX_MESSAGE_BYTES,
    'grpc.max_send_message_length': -1,
    'grpc-node.flow_control_window': options.streamWindowBytes ?? DEFAULT_STREAM_WINDOW_BYTES,
    // Whether a call may run again is for the layers above to judge.
    'grpc.enable_retries': 0,
    // Without its buffer for retries a write is done when HTTP/2 took it, which is what paces uploads.
    'grpc.per_rpc_retry_buffer_size': 0,
    'grpc.service_config_disable_resolution': 1,
    'grpc.enable_channelz': 0,
    'grpc.enable_http_proxy': 0,
    // A pool of its own, so that closing the channel closes its connection.
    'grpc.use_local_subchannel_pool': 1,
    // The peer is close by and restarts quickly.
    'grpc.initial_reconnect_backoff_ms': 100,
    'grpc.max_reconnect_backoff_ms': 1000,
  }
  // gRPC's own servers answer pings more frequent than every five minutes with GOAWAY, so only when asked.
  if (options.pingAfterIdleMs !== undefined) {
    channelOptions['grpc.keepalive_time_ms'] = options.pingAfterIdleMs
    channelOptions['grpc.keepalive_timeout_ms'] = options.pingTimeoutMs ?? DEFAULT_PING_TIMEOUT_MS
  }
  if (tls?.servername !== undefined) {
    channelOptions['grpc.ssl_target_name_override'] = tls.servername
    channelOptions['grpc.default_authority'] = tls.servername
  } else if (sendsNoName(address)) {
    // grpc-js sends the address as the name, which RFC 6066 does not have and Node 26 refuses. The certificate
    // is checked for the address all the same: see `credentialsOf`.
    channelOptions['grpc.ssl_target_name_override'] = 'localhost'
  } else if (address.port < 0) {
    channelOptions['grpc.default_authority'] = 'localhost'
  }
  return new grpc.Channel(targetOf(address), credentialsOf(grpc, address, tls), channelOptions)
}

function credentialsOf(grpc: Grpc, address: FlightAddress, tls: TlsOptions | undefined): ChannelCredentials {
  if (!address.secure) return grpc.credentials.createInsecure()
  // Loaded here, because it takes longer to load than a plaintext connection to open.
  const { checkServerIdentity, createSecureContext } = process.getBuiltinModule('node:tls')
  let context: SecureContext
  try {
    context = createSecureContext({
      ca: tls?.ca as string | undefined,
      cert: tls?.cert as string | undefined,
      key: tls?.key as string | undefined,
      passphrase: tls?.passphrase,
    })
  } catch (cause) {
    throw unusableTls(formatFlightAddress(address), cause)
  }
  return grpc.credentials.createFromSecureContext(context, {
    rejectUnauthorized: tls?.rejectUnauthorized ?? true,
    ...(tls?.servername === undefined && sendsNoName(address)
      ? { checkServerIdentity: (_, certificate) => checkServerIdentity(address.host, certificate) }
      : undefined),
  })
}

function sendsNoName({ secure, host }: FlightAddress): boolean {
  return secure && isIP(host) !== 0
}

/** The address as a gRPC target, whose scheme names the resolver. */
function targetOf(address: FlightAddress): string {
  if (address.port < 0) return `unix:${address.host}`
  if (/^[\d.]+$/.test(address.host)) return `ipv4:${address.host}:${address.port}`
  if (address.host.includes(':')) return `ipv6:${bracketed(address.host)}:${address.port}`
  return `dns:${address.host}:${address.port}`
}
