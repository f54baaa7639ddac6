#!/usr/bin/env node
import { serve } from './serve.ts'

const [command, ...rest] = process.argv.slice(2)

if (command === 'serve') {
  process.exitCode = await serve(rest)
} else {
  process.stderr.write(`spice-sidecar: unknown command ${command ?? ''}; try: spice-sidecar serve --help\n`)
  process.exitCode = 2
}
