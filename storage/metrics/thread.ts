/** How busy this thread is, told apart by its name. */
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { getHeapStatistics } from 'node:v8'
import { Gauge } from 'prom-client'
import { registry } from './registry.ts'

const DELAY = 'assay_event_loop_delay_seconds'
/** Between two looks; Node's figures have it in them. */
const RESOLUTION_MS = 20
const QUANTILES = [0.5, 0.99, 1] as const

/** The delays are those since the last time that they were asked for. */
export function watchThread(thread: string): void {
  if (registry.getSingleMetric(DELAY) !== undefined) return
  const delays = monitorEventLoopDelay({ resolution: RESOLUTION_MS })
  delays.enable()
  new Gauge({
    name: DELAY,
    help: 'How late the event loop of a thread came to its timers since it was last asked: median, 99th percentile and the worst (quantile 1).',
    labelNames: ['thread', 'quantile'] as const,
    registers: [registry],
    collect() {
      for (const quantile of QUANTILES)
        this.set(
          { thread, quantile: String(quantile) },
          Math.max(0, delays.percentile(quantile * 100) / 1e9 - RESOLUTION_MS / 1_000),
        )
      delays.reset()
    },
  })
  new Gauge({
    name: 'assay_heap_used_bytes',
    help: "What lives on the heap of a thread, and what has not been collected yet; the process's whole memory is process_resident_memory_bytes.",
    labelNames: ['thread'] as const,
    registers: [registry],
    collect() {
      this.set({ thread }, getHeapStatistics().used_heap_size)
    },
  })
}
