/** A conversation of several traces, judged as a whole by a language model, in Chromium: of the running Assay of `pages.test.ts`. */
import { expect, test, vi } from 'vitest'
import type { AssayProcess } from '../support/assay-process.ts'
import { type OpenAiServer, startOpenAiServer } from '../support/openai-server.ts'
import { post } from '../support/otlp.ts'
import type { Pages } from './operations.ts'

export const SESSION = 'parcel 17'
export const EVAL = 'desk/ended_well'
/** A session is over when nothing of it began for 30 min. */
const BEGAN_MS_AGO = 50 * 60_000
const TURNS = [
  { question: 'Where is my parcel?', answer: 'Which parcel do you mean?' },
  { question: 'The one of Monday.', answer: 'It left Leeds on Tuesday.' },
  { question: 'And when does it come?', answer: 'It comes on Friday, I promise.' },
]
const QUOTE = 'It comes on Friday, I promise.'
const REASONING = 'It promises a day that nothing which was looked up tells.'

export const SESSION_EVALS = `package desk

offline eval ended_well {
  every:    sunday at 04:00 in "UTC"
  sample:   20 of session where agent.name == "desk" over 6h
  judge:    "openai/gpt-5-mini"
  show:     trace.input.text, trace.output.text
  scale:    1 to 5
  rubric:   "5 solved, 1 something was made up"
  pass:     score >= 4
  missing:  unknown
}
`

const traceIdOf = (turn: number): string => `5e55${turn}`.padEnd(32, '0')

/** Sends the conversation, and has it judged by a model that quotes it. The run goes on while other tests do. */
export async function judgeSession(assay: AssayProcess, modelPort: number): Promise<OpenAiServer> {
  const model = await startOpenAiServer({
    port: modelPort,
    answer: () => ({
      kind: 'content',
      content: JSON.stringify({ evidence: [QUOTE], reasoning: REASONING, abstain: false, score: 1 }),
      usage: { input: 200, output: 40 },
    }),
  })
  expect((await post(assay, conversation(Date.now() - BEGAN_MS_AGO))).status).toBe(200)
  for (const turn of TURNS.keys())
    await vi.waitFor(
      async () => {
        expect((await fetch(`${assay.apiUrl}/v1/traces/${traceIdOf(turn)}`)).status).toBe(200)
      },
      { timeout: 60_000, interval: 100 },
    )
  const asked = await fetch(`${assay.apiUrl}/v1/evals/${EVAL}/run`, { method: 'POST' })
  expect(asked.status, await asked.text()).toBe(202)
  return model
}

function conversation(beganMs: number): unknown {
  const nanos = (ms: number): string => String(BigInt(ms) * 1_000_000n)
  const messages = (role: string, content: string): string =>
    JSON.stringify([{ role, parts: [{ type: 'text', content }] }])
  const spans = TURNS.map(({ question, answer }, turn) => {
    const startMs = beganMs + turn * 60_000
    const texts = {
      'gen_ai.operation.name': 'invoke_agent',
      'gen_ai.agent.name': 'desk',
      'gen_ai.conversation.id': SESSION,
      'gen_ai.input.messages': messages('user', question),
      'gen_ai.output.messages': messages('assistant', answer),
    }
    return {
      traceId: traceIdOf(turn),
      spanId: traceIdOf(turn).slice(0, 16),
      name: 'invoke_agent desk',
      kind: 1,
      startTimeUnixNano: nanos(startMs),
      endTimeUnixNano: nanos(startMs + 2_000),
      attributes: Object.entries(texts).map(([key, stringValue]) => ({ key, value: { stringValue } })),
    }
  })
  return { resourceSpans: [{ resource: { attributes: [] }, scopeSpans: [{ spans }] }] }
}

/** `pages`: as they are once they have started, and the session sent. */
export function testJudgedSession(pages: () => Pages): void {
  test('Sessions: a conversation of several traces, with the verdict on the whole and what was quoted for it', async () => {
    const { page, apiUrl, open, expectClean } = pages()
    const outcomeOf = async (): Promise<unknown> => {
      const answer = await fetch(`${apiUrl}/v1/results?eval=${encodeURIComponent(EVAL)}`)
      return ((await answer.json()) as { results: { verdict: string }[] }).results.map(({ verdict }) => verdict)
    }
    await expect.poll(outcomeOf, { timeout: 60_000 }).toEqual(['fail'])
    await open('/sessions?agent=desk')
    await page.getByRole('link', { name: SESSION, exact: true }).click()
    await page.getByRole('heading', { name: `Session ${SESSION}` }).waitFor()
    const whole = page.getByRole('region', { name: 'Of the whole session' })
    await whole.getByRole('link', { name: EVAL }).waitFor()
    const verdict = await whole.getByRole('listitem').first().textContent()
    expect(verdict).toMatch(/^✕fail/)
    expect(verdict).toContain(REASONING)
    await whole.getByText('1 step behind the score').click()
    await whole.getByText(`quote ${QUOTE}`).waitFor()
    expect(await whole.locator('.judgements strong').textContent()).toBe('found')
    const turns = page.locator('table.traces tbody tr')
    expect(await turns.locator('th a').allTextContents()).toEqual(TURNS.map(({ question }) => question).reverse())
    await expectClean()
    // From the last turn to what was said in it, and back.
    await turns.locator('th a').first().click()
    await page.getByRole('link', { name: 'Conversation' }).click()
    await page.getByRole('list', { name: 'Conversation' }).getByText(QUOTE).waitFor()
    await page.getByRole('link', { name: SESSION, exact: true }).click()
    await page.getByRole('heading', { name: `Session ${SESSION}` }).waitFor()
    await page.getByRole('link', { name: EVAL }).first().click()
    await page.getByRole('heading', { name: EVAL, level: 1 }).waitFor()
    await page.locator('.results-table tbody tr').first().waitFor()
    await expectClean()
  })
}
