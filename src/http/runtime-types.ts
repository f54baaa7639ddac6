/** One of the runtime's own parts in `GET /v1/status`. */
export interface ComponentStatus {
  /** `http`, `flight`, `metrics`, `opentelemetry`, … */
  name: string
  /** `ip:port` as configured, or `N/A`. */
  endpoint: string
  /** `Ready`, `Initializing`, `Disabled`, `Error`, …; new releases add words. */
  status: string
}

export interface Dataset {
  /** As SQL names it, quoted where that is needed. */
  name: string
  /** Connector and path, such as `postgres:public.trades`. */
  from: string
  accelerationEnabled: boolean
  replicationEnabled: boolean
  /** Present when asked for. */
  status?: string
  errorMessage?: string
  properties: Record<string, unknown>
}

export interface Catalog {
  name: string
  from: string
}
