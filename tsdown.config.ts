import { defineConfig, type UserConfig } from 'tsdown'

const shared: UserConfig = {
  platform: 'node',
  target: 'node20.18',
  dts: true,
  hash: false,
  deps: {
    // Libraries that only one rarely loaded part needs are bundled into that part, so that installing the
    // client does not install them: see THIRD-PARTY-NOTICES.md. `zod/mini` is bundled because loading the
    // whole of zod costs more than a first query may take.
    alwaysBundle: [/^zod\/mini$/, /^zod\/v4/, /^hono/, /^@hono\/node-server/, /^yaml$/],
  },
}

const library = { index: 'src/index.ts', arrow: 'src/arrow/index.ts', embedded: 'src/embedded/index.ts' }

export default defineConfig([
  { ...shared, format: 'esm', entry: { ...library, cli: 'src/cli/main.ts' }, clean: true },
  {
    ...shared,
    format: 'cjs',
    entry: library,
    clean: false,
    // Where modules live in a context of `node:vm`, as tests of jest do, `import()` is refused and `require` works.
    outputOptions: { dynamicImportInCjs: false },
  },
])
