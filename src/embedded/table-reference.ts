/**
 * A dataset's name as statements refer to it and as `/v1/datasets` lists it: parts that are not plain
 * lower-case identifiers stand in quotes, as DataFusion's `quote_identifier` has them.
 */
export function tableReference(name: string): string {
  return name
    .split('.')
    .map((part) => (/^[a-z_][a-z0-9_]*$/.test(part) ? part : `"${part}"`))
    .join('.')
}

/** The parts of a name or reference. Names of datasets hold neither quotes nor dots within a part. */
export function referenceParts(reference: string): string[] {
  return reference.split('.').map((part) => part.replace(/^"(.*)"$/s, '$1'))
}
