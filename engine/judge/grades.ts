/** The question of context relevance: a grade for each retrieved document, all in one call. */
import { z } from 'zod'
import { CAPS } from '../../dsl/caps.ts'
import { assertNonce } from './contain.ts'
import { documentBlocks } from './documents.ts'
import { inOrder } from './numbered.ts'
import { containmentRules, objectOf } from './prompt.ts'
import { MAX_WORDS_CHARS, malformed, metricTemplate, type Question, readJson } from './question.ts'
import { cutNote, windowed } from './window.ts'

export interface DocumentGrade {
  /** 0 to 3, as UMBRELA grades passages. */
  grade: number
  reason: string
}

/** The query is short; what is longer is no query. */
const MAX_QUERY_CHARS = 8_000

const gradesSchema = z.object({
  grades: z.array(z.object({ document: z.number(), reason: z.string().nullish(), grade: z.number() })),
})

/** Upadhyay et al., *UMBRELA*, 2024: the scale of TREC's passage ranking. */
export function gradesQuestion(query: string, documents: readonly string[], nonce: string): Question<DocumentGrade[]> {
  assertNonce(nonce)
  const asked = windowed([{ path: 'query', text: query }], nonce, MAX_QUERY_CHARS)
  const found = documentBlocks(documents, nonce, CAPS.judgeTextUnits - MAX_QUERY_CHARS)
  const cut = [...asked.cut, ...found.cut]
  const note = cutNote(cut)
  const system = [
    'You grade how well each document that a search of an AI agent found serves the query.',
    ...containmentRules(nonce),
    'The grades:',
    '3  the document is dedicated to the query and contains the exact answer;',
    '2  the document has an answer to the query, which may be unclear, partial or hidden among other information;',
    '1  the document is about the topic of the query, and does not answer it;',
    '0  the document has nothing to do with the query.',
    'Grade each document by itself. Whether it repeats another does not matter.',
    'Answer with one JSON object: {"grades": [...]}, one for each document in their order, with these properties in this order:',
    '"document": its number; "reason": one short sentence; "grade": 0, 1, 2 or 3.',
  ]
  const user = [
    ...(note === null ? [] : [note]),
    'The query:',
    ...asked.blocks,
    'The documents:',
    ...found.blocks,
    `Grade each of the ${documents.length} documents.`,
  ]
  return {
    messages: [
      { role: 'system', content: system.join('\n') },
      { role: 'user', content: user.join('\n\n') },
    ],
    schema: objectOf({
      grades: {
        type: 'array',
        items: objectOf({
          document: { type: 'integer' },
          reason: { type: 'string' },
          grade: { type: 'integer', enum: [0, 1, 2, 3] },
        }),
      },
    }),
    schemaName: 'grades',
    promptVersion: metricTemplate('context_relevance'),
    nonce,
    cut,
    read: (text) => {
      const read = readJson(text, gradesSchema)
      if (read.kind === 'malformed') return read
      const { grades } = read.answer
      if (grades.some(({ grade }) => ![0, 1, 2, 3].includes(grade))) return malformed('a "grade" is not 0, 1, 2 or 3')
      const numbered = inOrder(grades, ({ document }) => document, documents.length, 'document')
      if (numbered.kind === 'malformed') return numbered
      const answer = numbered.answer.map(({ grade, reason }) => ({
        grade,
        reason: (reason ?? '').slice(0, MAX_WORDS_CHARS),
      }))
      return { kind: 'answer', answer }
    },
  }
}
