import type { ListDatasetsOptions, RefreshOptions, RuntimeApi } from '../http/runtime-api.ts'
import type { Dataset } from '../http/runtime-types.ts'

/** `spice.datasets`: what the runtime serves, and the refreshing of what it keeps accelerated. */
export class DatasetsApi {
  readonly #api: RuntimeApi

  constructor(api: RuntimeApi) {
    this.#api = api
  }

  list(options?: ListDatasetsOptions): Promise<Dataset[]> {
    return this.#api.datasets(options)
  }

  /** Starts a refresh; it goes on after this returns the runtime's message. */
  refresh(dataset: string, options?: RefreshOptions): Promise<string> {
    return this.#api.refresh(dataset, options)
  }
}
