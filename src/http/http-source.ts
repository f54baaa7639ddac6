import type { ExecuteOptions, Execution, ResultSink, Statement, StatementSource } from '../client/result.ts'
import type { HttpClient } from './http-client.ts'
import { HttpExecution } from './http-execution.ts'

/** Statements over `POST /v1/sql`. */
export class HttpSource implements StatementSource {
  readonly transport = 'http'
  readonly client: HttpClient

  constructor(client: HttpClient) {
    this.client = client
  }

  execute(statement: Statement, sink: ResultSink, options: ExecuteOptions): Execution {
    return new HttpExecution(this.client, statement, sink, options)
  }

  close(graceMs?: number): Promise<void> {
    return this.client.close(graceMs)
  }
}
