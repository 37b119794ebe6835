/** What people said of subjects, as pass or fail: a score alone means what the eval's `pass` makes of it. */
import type { FileLabel } from '../../dsl/plan.ts'
import type { OfflineEval } from '../evaluate/offline-eval.ts'
import type { TraceView } from '../evaluate/subject.ts'

/** What a person's score of a subject means: undefined where `pass` leaves it open, null where there is no such subject. */
export function isPassOf(
  compiled: Pick<OfflineEval, 'decide'>,
  view: TraceView | undefined,
  spanId: string,
  score: number,
): boolean | undefined | null {
  const span = spanId === '' ? undefined : view?.spans.find((one) => one.spanId === spanId)
  if (view === undefined || (spanId !== '' && span === undefined)) return null
  const { verdict } = compiled.decide(view, span, { kind: 'score', score })
  return verdict === 'pass' || verdict === 'fail' ? verdict === 'pass' : undefined
}

export interface ReadLabel {
  readonly traceId: string
  /** Empty for a subject that is a whole trace. */
  readonly spanId: string
  readonly by: string
  readonly isPass: boolean
  readonly score: number | undefined
}

/** Who said so where a file does not tell. */
const NOBODY = 'labels'

/** Of a file; what is of no stored trace, or decides nothing, is left out. */
export function fileLabels(
  compiled: Pick<OfflineEval, 'decide'>,
  labels: readonly FileLabel[],
  views: ReadonlyMap<string, TraceView>,
): ReadLabel[] {
  return labels.flatMap(({ traceId, spanId = '', score, verdict, by = NOBODY }) => {
    const view = views.get(traceId)
    if (view === undefined) return []
    const byScore = score === undefined ? undefined : isPassOf(compiled, view, spanId, score)
    const isPass = verdict === undefined ? byScore : verdict === 'pass'
    return typeof isPass === 'boolean' ? [{ traceId, spanId, by, isPass, score }] : []
  })
}

/** A subject that people agree on. */
export interface Anchor {
  readonly traceId: string
  readonly spanId: string
  readonly isPass: boolean
}

/** So many are judged again each day, and no more: it costs as much as the eval itself. */
export const MAX_ANCHORS = 100

/** The first that were labelled, so that later labels change nothing; where people are of two minds there is none. */
export function anchorsAmong(labels: readonly Pick<ReadLabel, 'traceId' | 'spanId' | 'isPass'>[]): Anchor[] {
  const bySubject = Map.groupBy(labels, ({ traceId, spanId }) => `${traceId}/${spanId}`)
  return [...bySubject.values()]
    .flatMap((said) => {
      const passes = said.filter(({ isPass }) => isPass).length
      const [first] = said
      return first === undefined || passes * 2 === said.length
        ? []
        : [{ traceId: first.traceId, spanId: first.spanId, isPass: passes * 2 > said.length }]
    })
    .slice(0, MAX_ANCHORS)
}
