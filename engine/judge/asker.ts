/** What a measure sees of a judge: it asks questions, and returns a score with the steps behind it. */
import type { Judgement, Reason } from '../model/result.ts'
import type { Question } from './question.ts'

export type Told<T> =
  | { kind: 'answer'; answer: T }
  /** Refused, unreadable, out of reach. */
  | { kind: 'none'; why: Reason }

export interface Asker {
  /** Rejects when the run is broken off. */
  ask<T>(question: Question<T>): Promise<Told<T>>
  /** Fresh and random for each question: [0-9a-z], at least 16 characters. */
  nonce(): string
}

export type JudgedScore =
  | { kind: 'score'; score: number; explanation?: string; judgements: readonly Judgement[] }
  | { kind: 'none'; why: Reason; explanation?: string; judgements: readonly Judgement[] }

/** A subject that can be judged: what is asked about it was captured. */
export type AskAbout = (asker: Asker) => Promise<JudgedScore>

export function noScore(why: Reason, judgements: readonly Judgement[] = [], explanation?: string): JudgedScore {
  return { kind: 'none', why, judgements, ...(explanation !== undefined && { explanation }) }
}
