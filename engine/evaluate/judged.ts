/** What a judge is asked of a subject: rubrics, and the metrics that need one. */
import type { MetricPlan, OfflineMethod } from '../../dsl/plan.ts'
import { askAnswerRelevance } from '../judge/ask-answer-relevance.ts'
import { askCitations, type CitedAnswer } from '../judge/ask-citations.ts'
import { askClaims } from '../judge/ask-claims.ts'
import { askContextRelevance, type RankedDocuments } from '../judge/ask-context-relevance.ts'
import { askRubric } from '../judge/ask-rubric.ts'
import type { AskAbout } from '../judge/asker.ts'
import { readShown } from '../judge/shown.ts'
import type { Compiler } from './compiler.ts'
import { traceAround } from './context.ts'
import {
  documentsArg,
  isMissing,
  type KnownDocument,
  type MetricArgs,
  numberArg,
  textArgs,
  wordArg,
} from './metric-args.ts'
import { type InquireFn, inquireOfTraces } from './over-traces.ts'

/** Throws on a metric that asks no judge. */
export function compileInquiry(method: OfflineMethod, compiler: Compiler, ofSession = false): InquireFn {
  if (method.kind === 'rubric') return ofRubric(method, ofSession)
  const inquire = ofMetric(method.metric, compiler)
  return ofSession ? inquireOfTraces(inquire) : inquire
}

function ofRubric({ rubric, scale, show }: Extract<OfflineMethod, { kind: 'rubric' }>, ofSession: boolean): InquireFn {
  return (context) => {
    const shown = readShown(show, traceAround(context), context.span, ofSession)
    return shown.kind === 'missing'
      ? { kind: 'none', why: { code: 'not_captured', field: shown.field } }
      : { kind: 'ask', about: askRubric({ rubric, scale, shown: shown.fields }) }
  }
}

function ofMetric({ name, args }: MetricPlan, compiler: Compiler): InquireFn {
  const compile = METRICS[name]
  if (compile === undefined) throw new RangeError(`the metric ${name} asks no judge`)
  return compile(args, compiler)
}

const METRICS: Readonly<Record<string, (args: MetricArgs, compiler: Compiler) => InquireFn>> = {
  faithfulness: (args, compiler) =>
    withDocuments(args, compiler, 'answer', 'context', (answer, context) =>
      askClaims('answer', answer, textsOf(context)),
    ),
  context_recall: (args, compiler) =>
    withDocuments(args, compiler, 'reference', 'context', (reference, context) =>
      askClaims('reference', reference, textsOf(context)),
    ),
  answer_relevance: (args, compiler) => {
    const readTexts = textArgs(args, ['question', 'answer'], compiler)
    return (context) => {
      const texts = readTexts(context)
      if (isMissing(texts)) return { kind: 'none', why: texts.why }
      const [question = '', answer = ''] = texts
      return { kind: 'ask', about: askAnswerRelevance(question, answer) }
    }
  },
  context_relevance: (args, compiler) => {
    const k = numberArg(args, 'k')
    const take = RANKING[wordArg(args, 'take')]
    if (take === undefined) throw new RangeError('no such number of context_relevance')
    return withDocuments(args, compiler, 'query', 'documents', (query, documents) =>
      askContextRelevance({ query, documents, k, take }),
    )
  },
  citation_quality: (args, compiler) => {
    const take = CITING[wordArg(args, 'take')]
    if (take === undefined) throw new RangeError('no such number of citation_quality')
    return withDocuments(args, compiler, 'answer', 'context', (answer, documents) =>
      askCitations({ answer, documents, take }),
    )
  },
}

const RANKING: Readonly<Record<string, RankedDocuments['take']>> = {
  precision: 'precision',
  average_precision: 'averagePrecision',
  reciprocal_rank: 'reciprocalRank',
  ndcg: 'ndcg',
}

const CITING: Readonly<Record<string, CitedAnswer['take']>> = { f1: 'f1', precision: 'precision', recall: 'recall' }

/** Of one text and documents. */
function withDocuments(
  args: MetricArgs,
  compiler: Compiler,
  textName: string,
  documentsName: string,
  ask: (text: string, documents: readonly KnownDocument[]) => AskAbout,
): InquireFn {
  const [readTexts, readDocuments] = [textArgs(args, [textName], compiler), documentsArg(args, documentsName)]
  return (context) => {
    const texts = readTexts(context)
    if (isMissing(texts)) return { kind: 'none', why: texts.why }
    const documents = readDocuments(context)
    if (isMissing(documents)) return { kind: 'none', why: documents.why }
    return { kind: 'ask', about: ask(texts[0] ?? '', documents) }
  }
}

function textsOf(documents: readonly KnownDocument[]): string[] {
  return documents.map(({ text }) => text)
}
