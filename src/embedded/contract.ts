/**
 * What differs on the wire between releases of the runtime, as far as a client can notice. The embedded
 * runtime speaks one of them, so that a client can be tried against each.
 */
export interface Contract {
  /** JSON rows carry `"column":null`; older releases leave the key out. */
  readonly explicitNulls: boolean
  /** The media type `application/vnd.spiceai.sql.v1+json` exists. */
  readonly schemaMediaType: boolean
  /** Responses of `/v1/sql` carry their own media type; rc.1 sends `text/plain` for everything. */
  readonly typedResponses: boolean
  /** `/v1/sql` takes a JSON body with parameters. */
  readonly parameters: boolean
  /** Statements may change data. */
  readonly writes: boolean
  /** API keys exist. */
  readonly apiKeys: boolean
  readonly ready: string
  readonly notReady: string
  /** `/v1/status` has a row for the OpenTelemetry listener, which later releases folded into Flight. */
  readonly openTelemetryRow: boolean
  /** Responses carry `Results-Cache-Status` beside the older `X-Cache`. */
  readonly cacheStatusHeader: boolean
}

export const CONTRACT_NAMES = ['rc1', '2025', 'latest'] as const

export type ContractName = (typeof CONTRACT_NAMES)[number]

const LATEST: Contract = {
  explicitNulls: true,
  schemaMediaType: true,
  typedResponses: true,
  parameters: true,
  writes: true,
  apiKeys: true,
  ready: 'ready',
  notReady: 'not ready',
  openTelemetryRow: false,
  cacheStatusHeader: true,
}

/** `rc1` is 1.0.0-rc.1 of October 2024, `2025` the releases around 1.5, `latest` the newest known. */
export const CONTRACTS: Readonly<Record<ContractName, Contract>> = {
  latest: LATEST,
  '2025': { ...LATEST, explicitNulls: false, openTelemetryRow: true },
  rc1: {
    ...LATEST,
    explicitNulls: false,
    schemaMediaType: false,
    typedResponses: false,
    parameters: false,
    writes: false,
    apiKeys: false,
    ready: 'Ready',
    notReady: 'Not Ready',
    openTelemetryRow: true,
    cacheStatusHeader: false,
  },
}
