/**
 * The property names of row objects: each column's name. SQL allows several columns of one name, an object
 * does not; to lose none, the second is called `name:1`, the third `name:2`, skipping names that columns
 * bear themselves. The same rule names the members of structs, and holds on every transport.
 */
export function rowKeys(fields: ReadonlyArray<{ readonly name: string }>): string[] {
  const taken = new Set<string>()
  for (const { name } of fields) taken.add(name)
  if (taken.size === fields.length) return fields.map(({ name }) => name)
  const seen = new Map<string, number>()
  return fields.map(({ name }) => {
    let number = seen.get(name)
    if (number === undefined) {
      seen.set(name, 1)
      return name
    }
    while (taken.has(`${name}:${number}`)) number++
    seen.set(name, number + 1)
    taken.add(`${name}:${number}`)
    return `${name}:${number}`
  })
}
