/** Gateways killed between what they do to a batch: every batch is in the log once, and no client has to know. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { openStream } from '../../examples/stream/stream.ts'
import { FAULT_POINT_VARIABLE, type FaultPoint } from '../../storage/fault-point.ts'
import { openEmbeddedLog } from '../../storage/log/embedded.ts'
import { AGENT_TRACES } from '../../storage/log/topics.ts'
import { freePort } from '../../test/support/free-port.ts'

const GATEWAY = join(import.meta.dirname, 'testing', 'gateway.ts')
const KILLS: readonly `${FaultPoint}:${number}`[] = [
  'gateway.after-append:1',
  'gateway.after-append:7',
  'gateway.before-append:5',
  'gateway.after-append:30',
]
const STREAMS = 3
const BATCHES = 40

async function startGateway(dataDir: string, port: number, fault: string): Promise<ChildProcess> {
  const child = spawn(process.execPath, [GATEWAY, dataDir, String(port)], {
    env: { ...process.env, [FAULT_POINT_VARIABLE]: fault },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  await Promise.race([once(child.stdout, 'data'), once(child, 'exit')])
  return child
}

test(`over ${KILLS.length} kills between append and answer every batch is appended once`, {
  timeout: 120_000,
}, async () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'assay-stream-'))
  const port = await freePort()
  let killed = 0
  try {
    const serving = (async () => {
      for (const fault of KILLS) {
        const child = await startGateway(dataDir, port, fault)
        if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
        expect(child.signalCode).toBe('SIGKILL')
        killed++
      }
      return startGateway(dataDir, port, '')
    })()
    const senders = Array.from({ length: STREAMS }, async (_, one) => {
      const stream = openStream(`ws://127.0.0.1:${port}/v1/stream`, `stream-${one}`)
      const sending = Array.from({ length: BATCHES }, (_, batch) =>
        // Several traces, which fall on several partitions.
        stream.send(
          Array.from({ length: 4 }, (_, span) => ({
            name: `${one}.${batch}.${span}`,
            traceId: `${(span + 1) * 1_000 + batch}${one}`.padStart(32, '0'),
            startTime: '2026-11-21T12:00:00Z',
          })),
        ),
      )
      await Promise.all(sending)
      await stream.close()
    })
    await Promise.all(senders)
    const last = await serving
    last.kill('SIGKILL')
    await once(last, 'exit')
    expect(killed).toBe(KILLS.length)

    const log = await openEmbeddedLog({ dataDir })
    const times = new Map<string, number>()
    let spans = 0
    for (const { partition, end } of await log.endOffsets(AGENT_TRACES)) {
      for (const { headers } of await log.read(AGENT_TRACES, partition, 0, end)) {
        const part = `${headers.stream} ${headers.batch} ${partition}`
        times.set(part, (times.get(part) ?? 0) + 1)
        spans += Number(headers.spans)
      }
    }
    await log.close()
    expect([...times].filter(([, count]) => count !== 1)).toEqual([])
    expect(spans).toBe(STREAMS * BATCHES * 4)
  } finally {
    rmSync(dataDir, { recursive: true, force: true })
  }
})
