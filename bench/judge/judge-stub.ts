/** Starts `stub.ts` as a process of its own, so that the CPU it takes is not counted as that of what asks it. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { z } from 'zod'

const statsSchema = z.object({
  calls: z.number(),
  mostAtOnce: z.number(),
  /** Since the epoch; 0 before the first call. */
  firstMs: z.number(),
  lastMs: z.number(),
})

export interface JudgeStub {
  /** Base URL as clients want it, ending in `/v1`. */
  readonly url: string
  readonly pid: number
  /** What it saw since it was asked this before. */
  stats(): Promise<z.infer<typeof statsSchema>>
  stop(): Promise<void>
}

export async function startJudgeStub(delayMs: number): Promise<JudgeStub> {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'stub.ts'), String(delayMs)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const ended = once(child, 'exit')
  const [chunk] = (await Promise.race([
    once(child.stdout, 'data'),
    ended.then(([code]) => Promise.reject(new Error(`the judge ended with ${code}`))),
  ])) as [Buffer]
  const url = chunk.toString().trim()
  return {
    url,
    pid: child.pid ?? 0,
    stats: async () => statsSchema.parse(await (await fetch(new URL('/stats', url))).json()),
    async stop() {
      child.kill()
      await ended
    },
  }
}
