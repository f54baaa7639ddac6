import { z } from 'zod'

/**
 * The part of a spicepod the embedded runtime acts on. Keys the runtime knows and this one has no use for
 * are let through and named in a warning; any other key is taken for a misspelling and refused.
 */

const ignoredKeys = z.registry<{ ignored: true }>()

/** An object whose `used` keys are validated and whose `ignored` keys may hold anything. */
function section<Used extends z.ZodRawShape>(used: Used, ignored: readonly string[]) {
  const unknown = Object.fromEntries(
    ignored.map((key) => {
      const schema = z.unknown().optional()
      ignoredKeys.add(schema, { ignored: true })
      return [key, schema]
    }),
  ) as Record<string, never>
  return z.strictObject({ ...used, ...unknown } as Used)
}

/** A duration as the runtime writes it: `500ms`, `1s`, `2m`, `1h`. Gives milliseconds. */
const duration = z.string().transform((text, context) => {
  const match = /^\s*(\d+(?:\.\d+)?)\s*(ms|s|m|h)\s*$/.exec(text)
  if (match)
    return Number(match[1]) * { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 }[match[2] as 'ms' | 's' | 'm' | 'h']
  context.addIssue({ code: 'custom', message: `"${text}" is no duration; write it like 500ms, 1s, 2m or 1h` })
  return z.NEVER
})

/** A size as the runtime writes it: `128MiB`, `1GB`, a number of bytes. Gives bytes. */
const byteSize = z.union([z.number(), z.string()]).transform((text, context) => {
  const match = /^\s*(\d+(?:\.\d+)?)\s*([KMGT]?)(i?)B?\s*$/i.exec(String(text))
  if (match) {
    const power = ['', 'K', 'M', 'G', 'T'].indexOf(match[2].toUpperCase())
    return Math.floor(Number(match[1]) * (match[3] ? 1024 : 1000) ** power)
  }
  context.addIssue({ code: 'custom', message: `"${text}" is no size; write it like 128MiB or 1GB` })
  return z.NEVER
})

/** Parameters are written as strings, numbers or booleans alike. */
const scalar = z.union([z.string(), z.number(), z.boolean()]).transform(String)

const FILE_FORMATS = ['parquet', 'csv', 'tsv', 'json', 'jsonl', 'ndjson'] as const

const fileParameters = section(
  {
    file_format: z.enum(FILE_FORMATS).optional(),
    csv_has_header: scalar.pipe(z.enum(['true', 'false'])).optional(),
    csv_delimiter: scalar.pipe(z.string().length(1)).optional(),
    csv_quote: scalar.pipe(z.string().length(1)).optional(),
    csv_escape: scalar.pipe(z.string().length(1)).optional(),
    csv_schema_infer_max_records: scalar.pipe(z.string().regex(/^\d+$/)).optional(),
    schema_infer_max_records: scalar.pipe(z.string().regex(/^\d+$/)).optional(),
    file_compression_type: z.enum(['NONE', 'GZIP', 'ZSTD', 'none', 'gzip', 'zstd']).optional(),
  },
  ['client_timeout', 'hive_partitioning_enabled', 'flatten_json', 'json_format', 'file_extension'],
)

const acceleration = section(
  {
    enabled: z.boolean().default(true),
    refresh_sql: z.string().optional(),
    refresh_mode: z.literal('full').optional(),
  },
  [
    'engine',
    'mode',
    'params',
    'refresh_check_interval',
    'refresh_cron',
    'refresh_data_window',
    'refresh_append_overlap',
    'refresh_on_startup',
    'refresh_retry_enabled',
    'refresh_retry_max_attempts',
    'refresh_jitter_enabled',
    'refresh_jitter_max',
    'retention_check_enabled',
    'retention_period',
    'retention_sql',
    'retention_check_interval',
    'indexes',
    'primary_key',
    'on_conflict',
    'on_zero_results',
    'ready_state',
    'snapshots',
    'metrics',
    'disable_query_push_down',
  ],
)

/** `table` or `schema.table`. */
const tableName = z
  .string()
  .regex(/^[^\s."']+(?:\.[^\s."']+){0,2}$/, 'must be a table name: table or schema.table')

/** What is said about a column; its other keys have no use here. */
const column = z.looseObject({ name: z.string(), description: z.string().optional() })

const dataset = section(
  {
    from: z.string(),
    name: tableName,
    description: z.string().optional(),
    access: z.enum(['read', 'read_write']).default('read'),
    params: fileParameters.optional(),
    acceleration: acceleration.optional(),
    columns: z.array(column).optional(),
  },
  [
    'metadata',
    'mode',
    'time_column',
    'time_format',
    'time_partition_column',
    'time_partition_format',
    'dependsOn',
    'replication',
    'embeddings',
    'vectors',
    'full_text_search',
    'ready_state',
    'load',
    'invalid_type_action',
    'unsupported_type_action',
    'check_availability',
    'has_metadata_table',
    'metrics',
    'tags',
  ],
)

const view = section(
  {
    name: tableName,
    sql: z.string(),
    description: z.string().optional(),
    columns: z.array(column).optional(),
  },
  ['metadata', 'dependsOn', 'acceleration', 'ready_state'],
)

const runtime = section(
  {
    auth: section(
      {
        'api-key': z
          .strictObject({ enabled: z.boolean().default(true), keys: z.array(scalar).default([]) })
          .optional(),
      },
      [],
    ).optional(),
    caching: section(
      {
        sql_results: section(
          {
            enabled: z.boolean().default(true),
            item_ttl: duration.optional(),
            max_size: byteSize.optional(),
          },
          [
            'eviction_policy',
            'cache_key_type',
            'hashing_algorithm',
            'stale_while_revalidate_ttl',
            'encoding',
          ],
        ).optional(),
      },
      ['search_results', 'embeddings', 'plans'],
    ).optional(),
    query: section(
      {
        timeout: duration.optional(),
        max_concurrent_queries: z.number().int().min(1).max(64).optional(),
        memory_limit: byteSize.optional(),
      },
      ['temp_directory', 'spill_compression'],
    ).optional(),
    tls: section(
      {
        enabled: z
          .literal(
            false,
            'the embedded runtime serves plain text only, so runtime.tls.enabled has to be false',
          )
          .optional(),
      },
      ['certificate', 'certificate_file', 'key', 'key_file'],
    ).optional(),
    shutdown_timeout: duration.optional(),
  },
  [
    'cors',
    'dataset_load_parallelism',
    'num_of_parallel_loading_at_startup',
    'flight',
    'mcp',
    'metrics',
    'params',
    'ready_state',
    'results_cache',
    'scheduler',
    'source_rate_control',
    'task_history',
    'telemetry',
    'tracing',
    'output_level',
    'memory_limit',
    'temp_directory',
  ],
)

export const spicepodSchema = section(
  {
    version: scalar.optional(),
    kind: z.literal('Spicepod').optional(),
    name: z.string().default('app'),
    runtime: runtime.optional(),
    datasets: z.array(dataset).default([]),
    views: z.array(view).default([]),
  },
  [
    'catalogs',
    'dependencies',
    'embeddings',
    'evals',
    'extensions',
    'functions',
    'management',
    'metadata',
    'models',
    'params',
    'rerankers',
    'secrets',
    'snapshots',
    'tools',
    'workers',
  ],
)

/** A spicepod as written, in YAML or as an object. */
export type SpicepodDefinition = z.input<typeof spicepodSchema>
/** A spicepod with every default filled in; durations in milliseconds, sizes in bytes. */
export type Spicepod = z.output<typeof spicepodSchema>
export type DatasetDefinition = Spicepod['datasets'][number]

/** The keys of `value` that are accepted and do nothing here, as `datasets[0].time_column`. */
export function ignoredPaths(value: unknown, schema: z.core.$ZodType = spicepodSchema, path = ''): string[] {
  if (value === undefined || value === null) return []
  if (schema instanceof z.ZodOptional || schema instanceof z.ZodDefault) {
    if (ignoredKeys.has(schema)) return [path]
    return ignoredPaths(value, schema.def.innerType, path)
  }
  if (schema instanceof z.ZodArray && Array.isArray(value)) {
    return value.flatMap((item, index) => ignoredPaths(item, schema.def.element, `${path}[${index}]`))
  }
  if (schema instanceof z.ZodObject && typeof value === 'object') {
    return Object.entries(value).flatMap(([key, item]) => {
      const inner = schema.def.shape[key]
      return inner ? ignoredPaths(item, inner, path ? `${path}.${key}` : key) : []
    })
  }
  return []
}
