/** Writes to standard output and waits while its reader is slower than we are. */
export async function writeText(chunk: string | Uint8Array): Promise<void> {
  if (process.stdout.write(chunk)) return
  await new Promise<void>((resolve) => process.stdout.once('drain', resolve))
}
