/** What a metric found of each claim and document stays with its result: in the API's answer, and on the pages. */
import { type ComponentProps, createElement } from 'react'
import { renderToStaticMarkup } from 'react-dom/server'
import { expect, test } from 'vitest'
import { decodeResults, encodeResults } from '../engine/codec/results.ts'
import { makeResult } from '../engine/model/make-result.ts'
import type { Judgement } from '../engine/model/result.ts'
import { resultToJson } from '../server/result-json.ts'
import { judgementSchema, resultSchema } from '../server/schemas.ts'
import { ResultWhy } from '../web/parts/result-why.tsx'

const judgements: Judgement[] = judgementSchema.shape.kind.options.map((kind, i) => ({
  kind,
  about: `${kind} <b>${i}</b>`,
  verdict: i % 2 === 0 ? 'supported' : 'contradicted',
  value: i,
  quote: `words of ${kind}`,
  detail: `why of ${kind}`,
}))

test('each step, of every kind, from the result to the page', () => {
  const result = makeResult({ evalId: 'rag/faithful', verdict: 'fail', score: 0.5, judgements })
  const [stored] = decodeResults(encodeResults([result]))
  const json = resultToJson(stored!, () => null)
  expect(resultSchema.parse(JSON.parse(JSON.stringify(json))).judgements).toEqual(judgements)
  // As a browser gets it.
  const received = JSON.parse(JSON.stringify(json)) as ComponentProps<typeof ResultWhy>['result']
  const page = renderToStaticMarkup(createElement(ResultWhy, { result: received }))
  expect(page).toContain(`${judgements.length} steps behind the score`)
  for (const { kind, verdict, quote, detail } of judgements) {
    expect(page).toContain(`>${kind}</span> ${kind} &lt;b&gt;`)
    expect(page).toContain(`<strong>${verdict}</strong><q>${quote}</q><span class="faint"> ${detail}</span>`)
  }
})
