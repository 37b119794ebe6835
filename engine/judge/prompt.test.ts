import { hash } from 'node:crypto'
import { expect, test } from 'vitest'
import { JUDGE_TEMPLATE_VERSION } from '../../dsl/judge-template.ts'
import { buildPrompt } from './prompt.ts'
import { repairMessage } from './question.ts'

const nonce = '0123456789abcdef0123'
const base = { rubric: '\n  5  Solved.\n  1  Not solved.\n', scale: { low: 1, high: 5 }, nonce }

test('the prompt as a whole', () => {
  const prompt = buildPrompt({
    ...base,
    shown: [
      { path: 'output.text', text: 'It arrives tomorrow.' },
      { path: 'tool_call.name', text: '[]' },
    ],
  })
  expect(prompt.promptVersion).toBe(JUDGE_TEMPLATE_VERSION)
  expect(prompt.cut).toEqual([])
  expect(prompt.messages[1]?.content).toBe(
    [
      'Rubric, on a scale of 1 to 5:\n5  Solved.\n  1  Not solved.',
      'The recording:',
      `<<<DATA ${nonce} output.text>>>\nIt arrives tomorrow.\n<<<END ${nonce}>>>`,
      `<<<DATA ${nonce} tool_call.name>>>\n[]\n<<<END ${nonce}>>>`,
      'Grade it by the rubric above.',
    ].join('\n\n'),
  )
})

test('another wording or another schema is another version', () => {
  // Where this fails, raise `JUDGE_TEMPLATE_VERSION` (or `DIRECT_TEMPLATE_VERSION`, of the form in one token) and pin it again: old and new
  // scores are not comparable.
  const text = 'z'.repeat(200)
  const prompts = [
    buildPrompt({ ...base, shown: [{ path: 'output.text', text }] }),
    buildPrompt({ ...base, shown: [{ path: 'output.text', text }], maxChars: 100 }),
    buildPrompt({ ...base, scale: { low: 0, high: 100 }, shown: [] }),
    // It says nothing by itself.
  ].map(({ nonce: _, ...said }) => said)
  const digest = hash('sha256', JSON.stringify([prompts, repairMessage('why', {})])).slice(0, 16)
  expect({ version: JUDGE_TEMPLATE_VERSION, digest }).toMatchInlineSnapshot(`
    {
      "digest": "fc6256a4fc47eb80",
      "version": "judge-2",
    }
  `)
})

test('reasons come before the score, in the schema as in the instructions', () => {
  const { schema, messages } = buildPrompt({ ...base, shown: [] })
  expect(schema).toEqual({
    type: 'object',
    properties: {
      evidence: { type: 'array', items: { type: 'string' } },
      reasoning: { type: 'string' },
      abstain: { type: 'boolean' },
      score: { type: ['integer', 'null'], enum: [1, 2, 3, 4, 5, null] },
    },
    required: ['evidence', 'reasoning', 'abstain', 'score'],
    additionalProperties: false,
  })
  const properties = Object.keys(schema.properties as object)
  expect(properties).toEqual(['evidence', 'reasoning', 'abstain', 'score'])
  const places = properties.map((name) => messages[0]?.content.indexOf(`"${name}":`) ?? -1)
  expect(places).toEqual(places.toSorted((a, b) => a - b))
  expect(places).not.toContain(-1)
})

test('a long scale is bounded instead of listed', () => {
  const { schema } = buildPrompt({ ...base, scale: { low: 0, high: 100 }, shown: [] })
  expect(schema).toMatchObject({ properties: { score: { minimum: 0, maximum: 100 } } })
})

test('what is cut is stated outside of the data, beginning and end stay', () => {
  const text = `${'a'.repeat(500)}${'b'.repeat(9_000)}${'c'.repeat(500)}`
  const prompt = buildPrompt({
    ...base,
    shown: [
      { path: 'input.text', text: 'short' },
      { path: 'output.text', text },
    ],
    maxChars: 2_000,
  })
  // What the short field leaves over is the long one's.
  expect(prompt.cut).toEqual([{ path: 'output.text', chars: 10_000, shownChars: 1_994 }])
  const user = prompt.messages[1]?.content ?? ''
  expect(user).toContain(`output.text, first 997 of 10000 characters>>>\n${'a'.repeat(500)}${'b'.repeat(497)}\n<<<END`)
  expect(user).toContain(`output.text, last 997 of 10000 characters>>>\n${'b'.repeat(497)}${'c'.repeat(500)}\n<<<END`)
  expect(user).toContain('Too long to show whole: output.text.')
  expect(user).not.toContain('b'.repeat(498))
})

test('the repair message repeats nothing but the problem', () => {
  expect(repairMessage('"score" is not an integer', {}).content).toBe(
    'Your previous answer could not be read: "score" is not an integer. Answer again with the JSON object alone.',
  )
  expect(repairMessage('why', { topLogprobs: 20 }).content).toBe(
    'Your previous answer could not be read: why. Answer again with the grade alone.',
  )
})
