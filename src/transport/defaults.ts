/** What `TransportOptions` leave out, on either transport. */

export const DEFAULT_CONNECT_TIMEOUT_MS = 5_000
/** That of gRPC: a server all of whose threads compute answers late. */
export const DEFAULT_PING_TIMEOUT_MS = 20_000
export const DEFAULT_STREAM_WINDOW_BYTES = 16 * 1024 * 1024
export const DEFAULT_MAX_MESSAGE_BYTES = 256 * 1024 * 1024
