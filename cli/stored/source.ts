/** Where stored traces come from: a running instance, or a data folder that none holds. */
import type { Plan } from '../../dsl/plan.ts'
import type { EvalResult } from '../../engine/model/result.ts'
import type { Span } from '../../engine/model/span.ts'
import type { SpanPage, SpanPageField, TraceWindow } from '../../storage/traces/port.ts'

export interface TraceSource {
  /** For people: `the Assay at http://127.0.0.1:3000`, `the data folder .assay`. */
  readonly shown: string
  /** The definitions in force; null where nothing runs that has any. */
  plan(): Promise<Plan | null>
  pages(window: TraceWindow): Promise<SpanPage[]>
  read(
    window: TraceWindow,
    page: SpanPage,
    fields: readonly SpanPageField[],
  ): Promise<{ traces: Span[][]; openTraces: number }>
  /** Latest results of these evals on the traces of a page. */
  results(page: SpanPage, evalIds: readonly string[]): Promise<EvalResult[]>
  /** A trace with everything that is stored of it; empty when it is gone. */
  trace(traceId: string): Promise<Span[]>
  close(): Promise<void>
}

/** A failure of the source: a sentence that says what to do. */
export class SourceError extends Error {
  override readonly name = 'SourceError'
}
