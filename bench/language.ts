/** The language's benchmarks: every `language-*.ts` of this folder, one after another. */
import { readdirSync } from 'node:fs'

export async function run(): Promise<void> {
  const files = readdirSync(import.meta.dirname).filter(
    (name) => /^language-.*\.ts$/.test(name) && !name.endsWith('.test.ts'),
  )
  for (const file of files.sort()) {
    const bench = (await import(new URL(file, import.meta.url).href)) as { run: () => Promise<unknown> }
    await bench.run()
    process.stdout.write('\n')
  }
}

if (import.meta.main) await run()
