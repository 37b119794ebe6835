/** What the agent gives the processor may be wrong; its calls go on. */
import { describe, expect, test } from 'vitest'
import { AssaySpanProcessor, type AssaySpanProcessorOptions } from './span-processor.ts'
import { manualRuntime } from './testing/manual-runtime.ts'
import { spanMaker } from './testing/spans.ts'

function rig(options: Partial<AssaySpanProcessorOptions>) {
  const processor = new AssaySpanProcessor({
    url: 'http://127.0.0.1:9',
    runtime: manualRuntime(),
    log: () => {},
    ...options,
  })
  return { processor, spans: spanMaker(processor) }
}

describe('mistakes in what the agent gave us do not reach it', () => {
  test('a priority function that throws, and one that answers nonsense', () => {
    const { processor, spans } = rig({
      priority: (span) => {
        if (span.name === 'bad') throw new Error('a bug')
        return 'urgent' as 'high'
      },
    })
    spans.end({ name: 'bad' })
    spans.end()
    expect(processor.stats()).toMatchObject({ bufferedSpans: 1, droppedSpans: { internal: 1 } })
  })

  test('a log that throws', () => {
    const { processor, spans } = rig({
      maxSpans: 1,
      log: () => {
        throw new Error('the disk is full')
      },
    })
    spans.end()
    spans.end()
    expect(processor.stats().droppedSpans.buffer_full).toBe(1)
  })

  test('numbers that are none', () => {
    const { processor, spans } = rig({ maxSpans: Number.NaN, maxBytes: -1, delayMs: 0 })
    spans.end()
    expect(processor.stats().bufferedSpans).toBe(1)
  })
})
