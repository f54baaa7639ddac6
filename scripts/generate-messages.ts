/** Writes src/flight/messages.generated.ts from proto/*.proto. `npm run generate`. */
import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import protobuf from 'protobufjs'

const repository = fileURLToPath(new URL('..', import.meta.url))
const TARGET = 'src/flight/messages.generated.ts'

const SCALARS = new Map([
  ['string', 'string'],
  ['bytes', 'Uint8Array'],
  ['bool', 'boolean'],
  ['int32', 'number'],
  ['uint32', 'number'],
  ['int64', 'bigint'],
  ['uint64', 'bigint'],
  ['double', 'number'],
])

export function loadProtocol(): protobuf.Root {
  const root = new protobuf.Root()
  root.loadSync(['flight.proto', 'flight_sql.proto'].map((name) => `${repository}proto/${name}`))
  root.resolveAll()
  return root
}

/** The generated module's text, formatted as Biome formats it. */
export function generateMessages(root: protobuf.Root): string {
  const names = new Set<string>()
  const parts: string[] = []
  for (const item of inDependencyOrder(root)) {
    if (names.has(item.name)) throw new Error(`two messages or enums are called ${item.name}`)
    names.add(item.name)
    parts.push(item instanceof protobuf.Enum ? enumSource(item) : messageSource(item))
  }
  const source = [
    '// Generated from proto/*.proto by scripts/generate-messages.ts: edit those and run `npm run generate`.',
    '',
    "import type { MessageType } from './protobuf.ts'",
    '',
    parts.join('\n\n'),
    '',
  ].join('\n')
  return execFileSync(
    process.execPath,
    [`${repository}node_modules/@biomejs/biome/bin/biome`, 'format', `--stdin-file-path=${TARGET}`],
    { cwd: repository, input: source, encoding: 'utf8' },
  )
}

/** Every enum and message, each after the ones its fields refer to. */
function inDependencyOrder(root: protobuf.Root): Array<protobuf.Type | protobuf.Enum> {
  const ordered = new Set<protobuf.Type | protobuf.Enum>()
  const visit = (item: protobuf.ReflectionObject): void => {
    if (item instanceof protobuf.Enum) {
      ordered.add(item)
      return
    }
    if (item instanceof protobuf.Type) {
      if (ordered.has(item)) return
      for (const nested of item.nestedArray) visit(nested)
      for (const field of item.fieldsArray) if (field.resolvedType) visit(field.resolvedType)
      ordered.add(item)
    } else if (item instanceof protobuf.Namespace) {
      for (const nested of item.nestedArray) visit(nested)
    }
  }
  for (const item of root.nestedArray) visit(item)
  return [...ordered]
}

function enumSource(item: protobuf.Enum): string {
  const values = Object.entries(item.values).map(([name, value]) => `${name}: ${value}`)
  return `/** \`${fullName(item)}\` */\nexport const ${item.name} = { ${values.join(', ')} } as const`
}

function messageSource(type: protobuf.Type): string {
  const fields = [...type.fieldsArray].sort((a, b) => a.id - b.id)
  const members = fields.map((field) => {
    const optional =
      ruleOf(field) === 'optional' || (field.resolvedType instanceof protobuf.Type && !field.repeated)
    return `${propertyName(field)}${optional ? '?' : ''}: ${typeOf(field)}`
  })
  const table = fields.map((field) => {
    const message = kindOf(field) === 'message' ? `, message: ${field.resolvedType?.name}` : ''
    return `{ number: ${field.id}, name: '${propertyName(field)}', rule: '${ruleOf(field)}', kind: '${kindOf(field)}'${message} }`
  })
  const shape =
    members.length === 0
      ? `export type ${type.name} = Record<never, never>`
      : `export interface ${type.name} { ${members.join('; ')} }`
  return [
    `/** \`${fullName(type)}\` */`,
    shape,
    `export const ${type.name}: MessageType<${type.name}> = {`,
    `  typeName: '${fullName(type)}',`,
    `  fields: [${table.join(', ')}],`,
    '}',
  ].join('\n')
}

function fullName(item: protobuf.ReflectionObject): string {
  return item.fullName.slice(1)
}

/** camelCase; protobufjs leaves the names of the messages it bundles (Any) as they are. */
function propertyName(field: protobuf.Field): string {
  return protobuf.util.camelCase(field.name)
}

function ruleOf(field: protobuf.Field): string {
  if (field.map) return 'map'
  if (field.repeated) return 'repeated'
  return field.options?.proto3_optional ? 'optional' : 'single'
}

function kindOf(field: protobuf.Field): string {
  if (field.map) return 'map'
  if (field.resolvedType instanceof protobuf.Type) return 'message'
  if (field.resolvedType instanceof protobuf.Enum) return 'enum'
  if (!SCALARS.has(field.type)) throw new Error(`${field.fullName}: the codec has no type ${field.type}`)
  return field.type
}

function typeOf(field: protobuf.Field): string {
  if (field instanceof protobuf.MapField) {
    if (field.keyType !== 'string' || field.type !== 'string') {
      throw new Error(`${field.fullName}: the codec has no such map`)
    }
    return 'Map<string, string>'
  }
  const kind = kindOf(field)
  const single =
    kind === 'message' ? field.resolvedType!.name : kind === 'enum' ? 'number' : SCALARS.get(kind)!
  return field.repeated ? `${single}[]` : single
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  writeFileSync(`${repository}${TARGET}`, generateMessages(loadProtocol()))
}
