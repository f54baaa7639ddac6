// Writes THIRD-PARTY-NOTICES.md: the licences of the packages that are bundled into dist.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'

const bundled = ['@hono/node-server', 'hono', 'yaml', 'zod']

const sections = bundled.map((name) => {
  const folder = new URL(`../node_modules/${name}/`, import.meta.url)
  const { version, license } = JSON.parse(readFileSync(new URL('package.json', folder), 'utf8'))
  const file = readdirSync(folder).find((entry) => /^licen[cs]e/i.test(entry))
  const text = file === undefined ? `Licence: ${license}` : readFileSync(new URL(file, folder), 'utf8').trim()
  return `## ${name} ${version} (${license})\n\n\`\`\`text\n${text}\n\`\`\`\n`
})
writeFileSync(
  new URL('../THIRD-PARTY-NOTICES.md', import.meta.url),
  `# Third-party notices\n\nThe files in dist contain code of these packages.\n\n${sections.join('\n')}`,
)
