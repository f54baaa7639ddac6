import { AbortError, TimeoutError } from '../errors.ts'

/** Waits for something others wait for too: giving up ends the wait, not the thing. */
export function awaitUntil<T>(
  promise: Promise<T>,
  what: string,
  { signal, deadline }: { signal?: AbortSignal; deadline?: number },
): Promise<T> {
  if (signal === undefined && deadline === undefined) return promise
  return new Promise((resolve, reject) => {
    const onAbort = (): void => {
      finish()
      reject(new AbortError(`${what} was aborted`, { cause: signal?.reason }))
    }
    const left = deadline === undefined ? undefined : Math.max(0, deadline - performance.now())
    const timer =
      left === undefined || left === Number.POSITIVE_INFINITY
        ? undefined
        : setTimeout(() => {
            finish()
            reject(new TimeoutError(`${what} took longer than ${Math.round(left)} ms`, Math.round(left)))
          }, left)
    const finish = (): void => {
      clearTimeout(timer)
      signal?.removeEventListener('abort', onAbort)
    }
    signal?.addEventListener('abort', onAbort, { once: true })
    if (signal?.aborted) onAbort()
    promise.then(
      (value) => {
        finish()
        resolve(value)
      },
      (error) => {
        finish()
        reject(error)
      },
    )
  })
}
