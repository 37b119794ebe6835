/** Faithfulness and context recall: the share of a text's claims that the context supports. */
import { faithfulnessScore } from '../metrics/claims.ts'
import type { Judgement } from '../model/result.ts'
import { type AskAbout, noScore } from './asker.ts'
import { claimsQuestion, type JudgedClaim, verifyQuestion } from './claims.ts'
import { standsIn } from './documents.ts'

/** `title` is what the text is called: `answer` for faithfulness, `reference` for context recall. */
export function askClaims(title: 'answer' | 'reference', text: string, context: readonly string[]): AskAbout {
  return async (asker) => {
    const listed = await asker.ask(claimsQuestion(title, text, asker.nonce()))
    if (listed.kind === 'none') return noScore(listed.why)
    const claims = listed.answer
    if (claims.length === 0)
      return noScore({ code: 'nothing_to_measure', detail: `the ${title} makes no claim that could be checked` })
    const documents = context.filter((document) => document.trim() !== '')
    if (documents.length === 0) {
      const judgements = claims.map((claim): Judgement => ({ kind: 'claim', about: claim, verdict: 'unsupported' }))
      return { kind: 'score', score: 0, explanation: 'nothing was retrieved that could support a claim', judgements }
    }
    const verified = await asker.ask(verifyQuestion(title, claims, documents, asker.nonce()))
    if (verified.kind === 'none') return noScore(verified.why)
    const judged = verified.answer
    const judgements = judged.map((one) => judgementOf(one, documents))
    const { score, supported, decided } = faithfulnessScore({ verdicts: judged.map(({ verdict }) => verdict) })
    if (score === null) return noScore({ code: 'abstained', detail: 'no claim could be decided' }, judgements)
    const open = judged.length - decided
    const explanation =
      `${supported} of ${decided} claims are supported` +
      (open === 0 ? '' : `, ${open} could not be decided`) +
      listOf('contradicted', judged) +
      listOf('unsupported', judged)
    return { kind: 'score', score, explanation, judgements }
  }
}

/** The first of them: all are among the judgements. */
function listOf(verdict: JudgedClaim['verdict'], judged: readonly JudgedClaim[]): string {
  const found = judged.filter((one) => one.verdict === verdict)
  const rest = found.length > 1 ? ` (and ${found.length - 1} more)` : ''
  return found[0] === undefined ? '' : `; ${verdict}: “${found[0].claim}”${rest}`
}

function judgementOf({ claim, verdict, quote }: JudgedClaim, documents: readonly string[]): Judgement {
  const base = { kind: 'claim', about: claim, verdict: verdict === 'abstain' ? 'undecided' : verdict } as const
  if (quote.trim() === '') return base
  return standsIn(quote, documents) ? { ...base, quote } : { ...base, detail: 'the quote of the judge stands nowhere' }
}
