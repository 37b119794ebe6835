import fc from 'fast-check'
import { expect, test } from 'vitest'
import { readRubricAnswer } from './answer.ts'

const scale = { low: 1, high: 5 }
const good = { evidence: ['a quote'], reasoning: 'because', abstain: false, score: 4 }
const scored = { kind: 'score', score: 4, explanation: 'because', quotes: ['a quote'] }

test.each([
  ['as asked', JSON.stringify(good), scored],
  ['in a Markdown fence', `\`\`\`json\n${JSON.stringify(good, null, 2)}\n\`\`\``, scored],
  ['after a sentence', `Here is my grade: ${JSON.stringify(good)} I hope it helps.`, scored],
  ['with further properties', JSON.stringify({ ...good, confidence: 0.9 }), scored],
  ['a score alone', '{"score": 1}', { kind: 'score', score: 1, explanation: '', quotes: [] }],
  [
    'nulls for what was not said',
    '{"evidence":null,"reasoning":null,"abstain":null,"score":5}',
    { kind: 'score', score: 5, explanation: '', quotes: [] },
  ],
  [
    'abstaining',
    '{"evidence":[],"reasoning":"nothing to see","abstain":true,"score":null}',
    { kind: 'abstain', explanation: 'nothing to see' },
  ],
  ['abstaining with a score all the same', '{"abstain":true,"score":3}', { kind: 'abstain', explanation: '' }],
])('%s', (_, text, expected) => {
  expect(readRubricAnswer(text, scale)).toEqual({ kind: 'answer', answer: expected })
})

test.each([
  ['', 'the answer is empty'],
  ['  \n', 'the answer is empty'],
  ['5', 'the answer is not a JSON object'],
  ['I would say four.', 'the answer is not a JSON object'],
  ['[4]', 'the answer is not a JSON object'],
  ['} nothing {', 'the answer is not a JSON object'],
  ['{"score": 4', 'the answer is not a JSON object'],
  ['{}', '"score" is absent and "abstain" is not true'],
  ['{"score": null}', '"score" is absent and "abstain" is not true'],
  ['{"score": 6}', '"score" is outside 1 to 5'],
  ['{"score": 0}', '"score" is outside 1 to 5'],
  ['{"score": 4.5}', '"score" is not an integer'],
  ['{"score": 1e999}', '"score" has the wrong type'],
  ['{"score": "4"}', '"score" has the wrong type'],
  ['{"score": 4, "evidence": [1, 2], "abstain": "no"}', '"evidence", "abstain" have the wrong type'],
  [`{"score": 4, "reasoning": "${'x'.repeat(70_000)}"}`, 'the answer exceeds 64000 characters'],
])('malformed: %j', (text, detail) => {
  expect(readRubricAnswer(text, scale)).toEqual({ kind: 'malformed', detail })
})

test('no answer throws, and a score is always a level of the scale', () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc.json(),
        fc.json().map((json) => `{"score":${json}}`),
      ),
      (text) => {
        const answer = readRubricAnswer(text, scale)
        if (answer.kind === 'answer' && answer.answer.kind === 'score')
          expect([1, 2, 3, 4, 5]).toContain(answer.answer.score)
      },
    ),
  )
})

test('hostile answers take no time', () => {
  for (const piece of ['```json\n', '\n', '{', '}', '{"a":', '[']) {
    const startMs = performance.now()
    readRubricAnswer(piece.repeat(Math.floor(64_000 / piece.length)), scale)
    expect(performance.now() - startMs).toBeLessThan(2_000)
  }
})
