/** Ten batches over a stream: `node scripts/run.mjs examples/stream/main.ts [ws://127.0.0.1:4318/v1/stream]`. A key is taken from ASSAY_KEY. */
import { randomUUID } from 'node:crypto'
import { openStream } from './stream.ts'

const url = process.argv[2] ?? 'ws://127.0.0.1:4318/v1/stream'
const stream = openStream(url, `example-${randomUUID()}`, process.env.ASSAY_KEY)
for (let turn = 1; turn <= 10; turn++) {
  await stream.send([
    {
      kind: 'llm',
      name: 'answer',
      durationMs: 820,
      agent: { name: 'support' },
      input: { text: `Where is order ${turn}?` },
      output: { text: 'It arrives on Monday.' },
    },
  ])
  console.log(`batch ${turn} is in the log`)
}
await stream.close()
