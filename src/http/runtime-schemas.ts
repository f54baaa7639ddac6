import { z } from 'zod/mini'
import type { Catalog, ComponentStatus, Dataset } from './runtime-types.ts'

/*
 * What the runtime's HTTP API answers (spice-contract 1.3, 2.4). Tolerant: fields beyond these are passed
 * over, and what some versions leave out is optional. Loaded with `import()`, since zod takes longer to
 * load than a query takes.
 */

const text = z.string()
const optionalText = z.nullish(text)

export const componentStatuses: z.ZodMiniType<ComponentStatus[]> = z.array(
  z.object({ name: text, endpoint: text, status: text }),
)

export const datasets: z.ZodMiniType<Dataset[]> = z.array(
  z.pipe(
    z.object({
      from: text,
      name: text,
      acceleration_enabled: z.nullish(z.boolean()),
      replication_enabled: z.nullish(z.boolean()),
      status: optionalText,
      error_message: optionalText,
      properties: z.nullish(z.record(text, z.unknown())),
    }),
    z.transform((dataset) => ({
      name: dataset.name,
      from: dataset.from,
      accelerationEnabled: dataset.acceleration_enabled ?? false,
      replicationEnabled: dataset.replication_enabled ?? false,
      status: dataset.status ?? undefined,
      errorMessage: dataset.error_message ?? undefined,
      properties: dataset.properties ?? {},
    })),
  ),
)

export const catalogs: z.ZodMiniType<Catalog[]> = z.array(z.object({ from: text, name: text }))

export const message: z.ZodMiniType<{ message: string }> = z.object({ message: text })

/** A schema's own check, with what does not fit in one line. */
export function parse<Out>(schema: z.ZodMiniType<Out>, json: unknown): { value: Out } | { problem: string } {
  const result = z.safeParse(schema, json)
  if (result.success) return { value: result.data }
  const [issue] = result.error.issues
  return { problem: `${issue.path.join('.') || 'the whole'}: ${issue.message}` }
}
