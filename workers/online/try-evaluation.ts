/** What the evaluation of a record takes, without anything that comes of it: for one that was in hand when a process died. */
import { decodeRecord, type SpanParts } from '../../engine/conventions/normalise.ts'
import { decodeMessages } from '../../engine/conventions/span-messages.ts'
import { UnreadConventions } from '../../engine/conventions/unread.ts'
import type { Evaluator } from '../../engine/evaluate/evaluator.ts'
import { holdsMessages } from '../../storage/log/holds-messages.ts'
import type { LogRecord } from '../../storage/log/port.ts'
import { tenantOf } from '../../storage/log/tenant-of.ts'

/** `evaluator` counts what it judges: it has to be one of the trial's own. */
export function tryEvaluation(record: LogRecord, evaluator: Evaluator, parts: SpanParts): void {
  if (holdsMessages(record)) {
    decodeMessages(tenantOf(record), record.value)
    return
  }
  const outcome = decodeRecord(tenantOf(record), record.value, parts, new UnreadConventions(() => {}))
  if (!outcome.ok) return
  for (const span of outcome.spans) {
    evaluator.onSpan(span, 0, 0)
    evaluator.project(span)
  }
}
