import { formatFlightAddress, formatHttpAddress, type HttpAddress } from '../address.ts'
import { AuthenticationError, type CandidateReport, DiscoveryError, NotReadyError } from '../errors.ts'
import type { ResolvedOptions } from '../resolved-options.ts'
import type { FlightAddress } from '../transport/transport.ts'
import { type HttpCandidate, httpCandidates, learntFlightAddress, WELL_KNOWN_FLIGHT } from './candidates.ts'
import { type Identity, identify, inWords, readReadiness } from './identify.ts'
import { probeRequest } from './probe-request.ts'
import { sleep } from './sleep.ts'
import { startAdvice } from './start-advice.ts'
import { listens } from './tcp-probe.ts'

/** Where the runtime is and why this package thinks so. */
export interface Endpoint {
  http: HttpAddress | null
  flight: FlightAddress | null
  /** `spice` when the runtime identified itself over HTTP; `unknown` when there was no HTTP to ask. */
  server: 'spice' | 'flight-sql' | 'unknown'
  /** Readable steps of the search, in order. */
  reasons: string[]
  candidates: CandidateReport[]
}

type Runtime = Extract<Identity, { kind: 'runtime' }>

/**
 * Finds the runtime and waits until it is ready. Throws `DiscoveryError`, `NotReadyError`,
 * `AuthenticationError` or `AbortError`; every wait is bounded by the options' deadlines.
 */
export async function discover(options: ResolvedOptions): Promise<Endpoint> {
  if (options.cloud) return namedEndpoint(options, 'spice', 'Spice Cloud by its host name')
  if (options.http === null && options.flight !== null) {
    return namedEndpoint(options, 'unknown', `${options.flight.from} alone: no HTTP address to ask`)
  }
  const search = await searchUntil(options, performance.now() + options.startTimeoutMs)
  const reasons = [
    `${formatHttpAddress(search.candidate.address)}: a Spice runtime (${search.candidate.from})`,
  ]
  const runtime = await requireAccess(search.candidate, search.identity, options, search.reports)
  const settled = runtime.ready ? runtime : await waitUntilReady(search.candidate, runtime, options, reasons)
  return {
    http: search.candidate.address,
    flight: flightOf(options, settled, search.candidate.address, reasons),
    server: 'spice',
    reasons,
    candidates: search.reports,
  }
}

function namedEndpoint(options: ResolvedOptions, server: Endpoint['server'], reason: string): Endpoint {
  const http = options.http?.address ?? null
  const flight = options.flight?.address ?? null
  return { http, flight, server, reasons: [reason], candidates: [] }
}

/** Asks every candidate at once until one is a runtime, again while nothing listens and time remains. */
async function searchUntil(options: ResolvedOptions, deadline: number) {
  const candidates = httpCandidates(options)
  for (let pause = 20; ; pause = Math.min(pause * 2, 500)) {
    const identities = await Promise.all(
      candidates.map((candidate) => identify(candidate.address, probeOptions(options, candidate.trusted))),
    )
    const reports = candidates.map((candidate, index) => report(candidate, identities[index]))
    const found = identities.findIndex((identity) => identity.kind === 'runtime')
    if (found >= 0) {
      return { candidate: candidates[found], identity: identities[found] as Runtime, reports }
    }
    const mayStart = identities.some((identity) => identity.kind === 'nothing' && identity.refused)
    const left = deadline - performance.now()
    if (!mayStart || left <= 0) throw await notFound(options, reports)
    await sleep(Math.min(pause, left), options.signal)
  }
}

function probeOptions(options: ResolvedOptions, withKey: boolean) {
  return {
    apiKey: withKey ? options.apiKey : undefined,
    timeoutMs: options.probeTimeoutMs,
    tls: options.tls,
    signal: options.signal,
  }
}

function report(candidate: HttpCandidate, identity: Identity): CandidateReport {
  const outcome = identity.kind === 'runtime' ? `a Spice runtime (${identity.readiness})` : identity.problem
  return { url: formatHttpAddress(candidate.address), from: candidate.from, outcome }
}

/** A well-known port is shown the key only after it has proved to be a runtime. */
async function requireAccess(
  candidate: HttpCandidate,
  first: Runtime,
  options: ResolvedOptions,
  reports: CandidateReport[],
): Promise<Runtime> {
  let identity = first
  if (first.access === 'key-required' && options.apiKey !== undefined) {
    const again = await identify(candidate.address, probeOptions(options, true))
    if (again.kind !== 'runtime') throw await notFound(options, [report(candidate, again), ...reports])
    identity = again
  }
  return accessible(identity, candidate)
}

/** The runtime, unless it wants a key it was not given. */
function accessible(identity: Runtime, candidate: HttpCandidate): Runtime {
  if (identity.access === 'open') return identity
  const url = formatHttpAddress(candidate.address)
  throw new AuthenticationError(
    identity.access === 'key-required'
      ? `The Spice runtime at ${url} requires an API key: pass option apiKey or set SPICE_API_KEY`
      : `The Spice runtime at ${url} does not accept the API key given (option apiKey or SPICE_API_KEY). ` +
          "A key is given without its ':ro' or ':rw' suffix",
  )
}

/** Polls `/v1/ready`, at first often since most runtimes are ready within milliseconds, then less. */
async function waitUntilReady(
  candidate: HttpCandidate,
  found: Runtime,
  options: ResolvedOptions,
  reasons: string[],
): Promise<Runtime> {
  if (options.readyTimeoutMs === 0) {
    reasons.push(`not ready yet (${found.readiness}), taken as it is: readyTimeoutMs is 0`)
    return found
  }
  const url = formatHttpAddress(candidate.address)
  const started = performance.now()
  const deadline = started + options.readyTimeoutMs
  let last = found.readiness
  for (let pause = 10; ; pause = Math.min(pause * 1.5, 500)) {
    const left = deadline - performance.now()
    if (left <= 0) {
      throw new NotReadyError(
        `The Spice runtime at ${url} did not become ready within ${options.readyTimeoutMs} ms; it last said: ` +
          `${last}. Its log says which dataset is still loading; raise readyTimeoutMs to wait longer`,
        url,
        last,
      )
    }
    await sleep(Math.min(pause, left), options.signal)
    const probe = { ...probeOptions(options, false), headers: keyHeader(options) }
    // Timers count whole milliseconds and may be one early: this one must not end before the deadline.
    probe.timeoutMs = Math.max(1, Math.min(probe.timeoutMs, Math.ceil(deadline - performance.now()) + 1))
    const answer = await probeRequest(candidate.address, '/v1/ready', probe)
    const readiness = readReadiness(answer)
    // A probe cut short by the deadline says nothing about the runtime.
    if (answer.answered || performance.now() < deadline) last = readiness?.text ?? inWords(answer)
    if (!readiness?.ready) continue
    reasons.push(`ready after ${Math.round(performance.now() - started)} ms`)
    if (found.flightEndpoint !== null) return { ...found, ready: true, readiness: last }
    const identity = await identify(candidate.address, probeOptions(options, true))
    if (identity.kind === 'runtime') return { ...accessible(identity, candidate), ready: true }
  }
}

function keyHeader(options: ResolvedOptions): Record<string, string> | undefined {
  return options.apiKey === undefined ? undefined : { 'x-api-key': options.apiKey }
}

function flightOf(
  options: ResolvedOptions,
  runtime: Runtime,
  http: HttpAddress,
  reasons: string[],
): FlightAddress | null {
  if (options.flight !== null) {
    reasons.push(`${formatFlightAddress(options.flight.address)}: ${options.flight.from}`)
    return options.flight.address
  }
  const learnt = learntFlightAddress(runtime.flightEndpoint, http)
  reasons.push(
    learnt === null
      ? `no Flight address: GET /v1/status names ${runtime.flightEndpoint ?? 'none'}; give flightUrl to use Flight`
      : `${formatFlightAddress(learnt)}: from GET /v1/status`,
  )
  return learnt
}

async function notFound(options: ResolvedOptions, reports: CandidateReport[]): Promise<DiscoveryError> {
  const candidates = [...reports]
  if (options.http === null) {
    const open = await Promise.all(WELL_KNOWN_FLIGHT.map((address) => listens(address, options)))
    for (const [index, address] of WELL_KNOWN_FLIGHT.entries()) {
      const outcome =
        open[index] ?? 'something listens; a Flight server without HTTP is used when flightUrl names it'
      candidates.push({ url: formatFlightAddress(address), from: 'well-known port', outcome })
    }
  }
  const lines = candidates.map(({ url, from, outcome }) => `  ${url} (${from}): ${outcome}`)
  const advice =
    options.http === null
      ? 'Start the runtime (`spice run`, or `npx spice-sidecar serve` for the embedded one), ' +
        'or say where it is: connect({ httpUrl }), SPICE_HTTP_URL'
      : `Check ${options.http.from} and that the runtime runs there; ${startAdvice(options.startTimeoutMs)}`
  return new DiscoveryError(`No Spice runtime found.\n${lines.join('\n')}\n${advice}`, candidates)
}
