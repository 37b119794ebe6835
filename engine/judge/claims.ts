/** The two questions of faithfulness and context recall: which claims a text makes, and which of them a context supports. */
import { z } from 'zod'
import { CAPS } from '../../dsl/caps.ts'
import type { ClaimVerdict } from '../metrics/claims.ts'
import { assertNonce, block } from './contain.ts'
import { documentBlocks } from './documents.ts'
import { inOrder } from './numbered.ts'
import { containmentRules, objectOf } from './prompt.ts'
import { MAX_WORDS_CHARS, metricTemplate, type Question, readJson } from './question.ts'
import { cutNote, windowed } from './window.ts'

/** Of one text: a longer answer is judged by the first of them. */
export const MAX_CLAIMS = 50
const MAX_CLAIM_CHARS = 1_000

const METRIC_OF = { answer: 'faithfulness', reference: 'context_recall' } as const

/** `title` is what the text is called in the prompt. */
export function claimsQuestion(title: 'answer' | 'reference', text: string, nonce: string): Question<string[]> {
  assertNonce(nonce)
  const { blocks, cut } = windowed([{ path: title, text }], nonce, CAPS.judgeTextUnits)
  const note = cutNote(cut)
  return {
    messages: [
      {
        role: 'system',
        content: [
          'You split a recorded text into the factual claims that it makes.',
          ...containmentRules(nonce),
          `Answer with one JSON object: {"claims": [...]}, a list of at most ${MAX_CLAIMS} sentences in the text's own order and language.`,
          'Each is one atomic claim that can be true or false by itself: split conjunctions, and put in what pronouns stand for.',
          'Claim nothing that the text does not. Leave out greetings, questions, offers of help, and that something is not known.',
          'A text without a factual claim has an empty list.',
        ].join('\n'),
      },
      {
        role: 'user',
        content: [...(note === null ? [] : [note]), ...blocks, 'List the claims that it makes.'].join('\n\n'),
      },
    ],
    schema: objectOf({ claims: { type: 'array', items: { type: 'string' } } }),
    schemaName: 'claims',
    promptVersion: metricTemplate(METRIC_OF[title]),
    nonce,
    cut,
    read: (answer) => {
      const read = readJson(answer, z.object({ claims: z.array(z.string()) }))
      if (read.kind === 'malformed') return read
      const claims = read.answer.claims.map((claim) => oneLine(claim).slice(0, MAX_CLAIM_CHARS))
      return { kind: 'answer', answer: claims.filter((claim) => claim !== '').slice(0, MAX_CLAIMS) }
    },
  }
}

export interface JudgedClaim {
  claim: string
  verdict: ClaimVerdict
  /** As the judge gave it; empty where it found none. */
  quote: string
}

const VERDICTS = ['supported', 'contradicted', 'unsupported', 'abstain'] as const satisfies ClaimVerdict[]

const verdictsSchema = z.object({
  verdicts: z.array(z.object({ claim: z.number(), quote: z.string().nullish(), verdict: z.enum(VERDICTS) })),
})

/** `title` is what the claims are of. */
export function verifyQuestion(
  title: 'answer' | 'reference',
  claims: readonly string[],
  context: readonly string[],
  nonce: string,
): Question<JudgedClaim[]> {
  assertNonce(nonce)
  // Claims are the judge's words about a text that is not to be trusted: they are data as well.
  const claimBlock = block('claims', claims.map((claim, i) => `${i + 1}. ${claim}`).join('\n'), nonce)
  const { blocks, cut } = documentBlocks(context, nonce, CAPS.judgeTextUnits)
  const note = cutNote(cut)
  return {
    messages: [
      {
        role: 'system',
        content: [
          'You check claims against the documents of a recording, and nothing else: what you know yourself counts for nothing.',
          ...containmentRules(nonce),
          'Answer with one JSON object: {"verdicts": [...]}, one for each claim in their order, with these properties in this order:',
          '"claim": its number;',
          '"quote": the shortest verbatim passage of the documents that decides it, or "" if there is none;',
          '"verdict": "supported" if the documents state it or it follows from them, "contradicted" if they state otherwise,',
          '"unsupported" if they do neither, "abstain" if it cannot be decided because what decides it is cut off or unreadable.',
        ].join('\n'),
      },
      {
        role: 'user',
        content: [
          ...(note === null ? [] : [note]),
          'The documents:',
          ...blocks,
          'The claims:',
          claimBlock,
          `Give a verdict on each of the ${claims.length} claims.`,
        ].join('\n\n'),
      },
    ],
    schema: objectOf({
      verdicts: {
        type: 'array',
        items: objectOf({
          claim: { type: 'integer' },
          quote: { type: 'string' },
          verdict: { type: 'string', enum: [...VERDICTS] },
        }),
      },
    }),
    schemaName: 'verdicts',
    promptVersion: metricTemplate(METRIC_OF[title]),
    nonce,
    cut,
    read: (answer) => {
      const read = readJson(answer, verdictsSchema)
      if (read.kind === 'malformed') return read
      const numbered = inOrder(read.answer.verdicts, ({ claim }) => claim, claims.length, 'claim')
      if (numbered.kind === 'malformed') return numbered
      const judged = numbered.answer.map(({ claim, quote, verdict }): JudgedClaim => {
        return { claim: claims[claim - 1] as string, verdict, quote: (quote ?? '').slice(0, MAX_WORDS_CHARS) }
      })
      return { kind: 'answer', answer: judged }
    },
  }
}

function oneLine(text: string): string {
  return text.replaceAll(/\s+/g, ' ').trim()
}
