/** The question of citation quality: what the answer states, what it cites for it, and whether that supports it. */
import { z } from 'zod'
import { CAPS } from '../../dsl/caps.ts'
import { assertNonce } from './contain.ts'
import { documentBlocks } from './documents.ts'
import { containmentRules, objectOf } from './prompt.ts'
import { malformed, metricTemplate, type Question, readJson } from './question.ts'
import { cutNote, windowed } from './window.ts'

export interface JudgedStatement {
  text: string
  /** All that it cites together supports it. */
  isSupported: boolean
  citations: {
    /** From 1. */
    document: number
    supportsAlone: boolean
    /** The statement's other citations support it without this one. */
    isSpare: boolean
  }[]
}

const MAX_STATEMENTS = 50
const MAX_STATEMENT_CHARS = 1_000

const statementsSchema = z.object({
  statements: z.array(
    z.object({
      text: z.string(),
      citations: z
        .array(z.object({ document: z.number(), supports_alone: z.boolean(), others_suffice: z.boolean() }))
        .nullish(),
      supported: z.boolean(),
    }),
  ),
})

/** The answer may take half of the room. */
export function citationsQuestion(
  answer: string,
  documents: readonly { id: string | undefined; text: string }[],
  nonce: string,
): Question<JudgedStatement[]> {
  assertNonce(nonce)
  const shown = windowed([{ path: 'answer', text: answer }], nonce, CAPS.judgeTextUnits / 2)
  // An answer may cite by the id: it is the sender's text, and stands inside of the block.
  const texts = documents.map(({ id, text }) => (id === undefined ? text : `id: ${JSON.stringify(id)}\n${text}`))
  const found = documentBlocks(texts, nonce, CAPS.judgeTextUnits / 2)
  const cut = [...shown.cut, ...found.cut]
  const note = cutNote(cut)
  const system = [
    "You check the citations in an AI agent's answer against the documents that it was given.",
    ...containmentRules(nonce),
    'A citation is a mark in the answer that points to a document: its number such as [2], its id, its title or its address.',
    'Documents are numbered by the titles of their blocks. A mark that points to none of them is no citation.',
    'Answer with one JSON object: {"statements": [...]}, one for each sentence of the answer that states a fact, in their order,',
    `at most ${MAX_STATEMENTS}; not for greetings, questions and offers. Each has these properties in this order:`,
    '"text": the statement without its marks;',
    '"citations": what it cites, each with "document": its number; "supports_alone": whether that document by itself supports',
    'the whole statement; "others_suffice": whether the other documents that it cites support it without this one;',
    '"supported": whether all documents that it cites together support the whole statement; false if it cites none.',
  ]
  const user = [
    ...(note === null ? [] : [note]),
    'The documents:',
    ...found.blocks,
    'The answer:',
    ...shown.blocks,
    'Check its citations.',
  ]
  return {
    messages: [
      { role: 'system', content: system.join('\n') },
      { role: 'user', content: user.join('\n\n') },
    ],
    schema: objectOf({
      statements: {
        type: 'array',
        items: objectOf({
          text: { type: 'string' },
          citations: {
            type: 'array',
            items: objectOf({
              document: { type: 'integer' },
              supports_alone: { type: 'boolean' },
              others_suffice: { type: 'boolean' },
            }),
          },
          supported: { type: 'boolean' },
        }),
      },
    }),
    schemaName: 'citations',
    promptVersion: metricTemplate('citation_quality'),
    nonce,
    cut,
    read: (text) => {
      const read = readJson(text, statementsSchema)
      if (read.kind === 'malformed') return read
      const { statements } = read.answer
      const cited = statements.flatMap(({ citations }) => citations ?? [])
      if (cited.some(({ document }) => !Number.isInteger(document) || document < 1 || document > documents.length))
        return malformed(`a "document" has a number that is none of 1 to ${documents.length}`)
      return { kind: 'answer', answer: statements.slice(0, MAX_STATEMENTS).map(statementOf) }
    },
  }
}

/** What cites nothing is not supported by it, and what no other citation stands beside is not spare, whatever the judge says. */
function statementOf({
  text,
  citations,
  supported,
}: z.infer<typeof statementsSchema>['statements'][number]): JudgedStatement {
  const byDocument = new Map((citations ?? []).map((one) => [one.document, one]))
  return {
    text: text.replaceAll(/\s+/g, ' ').trim().slice(0, MAX_STATEMENT_CHARS),
    isSupported: supported && byDocument.size > 0,
    citations: [...byDocument.values()].map(({ document, supports_alone, others_suffice }) => ({
      document,
      supportsAlone: supports_alone,
      isSpare: others_suffice && byDocument.size > 1,
    })),
  }
}
