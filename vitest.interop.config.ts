import { defineConfig } from 'vitest/config'

/** Clients and servers of other makes as peers: `npm run test:interop` installs and starts them. */
export default defineConfig({
  test: {
    include: ['test/interop/**/*.test.ts'],
    testTimeout: 30_000,
    hookTimeout: 60_000,
    maxWorkers: 2,
  },
})
