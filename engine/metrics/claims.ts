import { f1Of } from './longest-common-subsequence.ts'

export type ClaimVerdict = 'supported' | 'contradicted' | 'unsupported' | 'abstain'

/**
 * The share of an answer's claims that the context supports, of those that could be decided; null where none could. Es et al., *RAGAS*, EACL 2024, with claims
 * that the judge abstains from left out.
 */
export function faithfulnessScore({ verdicts }: { verdicts: readonly ClaimVerdict[] }): {
  score: number | null
  supported: number
  decided: number
} {
  const decided = verdicts.filter((verdict) => verdict !== 'abstain')
  const supported = decided.filter((verdict) => verdict === 'supported').length
  return { score: decided.length === 0 ? null : supported / decided.length, supported, decided: decided.length }
}

export interface CitedStatement {
  /** All that it cites together supports it. False where it cites nothing. */
  isSupported: boolean
  citations: readonly {
    /** It supports the statement by itself. */
    supportsAlone: boolean
    /** The statement's other citations support it without this one. */
    isSpare: boolean
  }[]
}

/**
 * ALCE's citation recall (the share of statements that what they cite supports), precision (the share of citations that are of use: to a supported statement,
 * alone or because the others do not do without) and their F1; precision is null where nothing is cited, all are where nothing is said.
 * Gao et al., *Enabling large language models to generate text with citations*, EMNLP 2023, §4.
 */
export function citationQuality({ statements }: { statements: readonly CitedStatement[] }): {
  precision: number | null
  recall: number | null
  f1: number | null
} {
  if (statements.length === 0) return { precision: null, recall: null, f1: null }
  const recall = statements.filter(({ isSupported }) => isSupported).length / statements.length
  const useful = statements.flatMap(({ isSupported, citations }) =>
    citations.map(({ supportsAlone, isSpare }) => isSupported && (supportsAlone || !isSpare)),
  )
  if (useful.length === 0) return { precision: null, recall, f1: 0 }
  const precision = useful.filter(Boolean).length / useful.length
  return { precision, recall, f1: f1Of(precision, recall) }
}
