import { defineConfig } from 'tsdown'

// Libraries that only one rarely loaded part needs are bundled into that part, so that installing the
// client does not install them: see THIRD-PARTY-NOTICES.md. `zod/mini` is bundled because loading the
// whole of zod costs more than a first query may take.
const bundled = [/^zod\/mini$/, /^zod\/v4/, /^hono/, /^@hono\/node-server/, /^yaml$/, /^fzstd$/]

export default defineConfig([
  {
    entry: {
      index: 'src/index.ts',
      arrow: 'src/arrow/index.ts',
      embedded: 'src/embedded/index.ts',
    },
    format: ['esm', 'cjs'],
    platform: 'node',
    target: 'node20.18',
    dts: true,
    clean: true,
    hash: false,
    deps: { alwaysBundle: bundled },
  },
  {
    entry: { cli: 'src/cli/main.ts' },
    format: ['esm'],
    platform: 'node',
    target: 'node20.18',
    dts: false,
    clean: false,
    deps: { alwaysBundle: bundled },
  },
])
