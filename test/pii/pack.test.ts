import { expect, test } from 'vitest'
import { makeSpan } from '../../engine/model/make-span.ts'
import { compileRedaction } from '../../engine/redact/redact.ts'
import { compilePatterns } from '../../engine/regex/patterns.ts'
import { REVIEWED_SOURCES } from '../../engine/regex/pii-sources.ts'
import { reviewedName } from '../../engine/regex/reviewed-matcher.ts'
import { compilePack } from './pack.ts'

const plan = compilePack()
const set = compilePatterns(plan.patterns)
const all = set.group(plan.patterns.map((_pattern, index) => index))

test('the pack is the text that was reviewed, so that the fast path may run it', () => {
  expect(plan.patterns.map(reviewedName)).toEqual(Object.keys(REVIEWED_SOURCES))
})

/** `email 1` is found by `email`; `not email 1` by nothing at all. */
const cases = plan.tests.flatMap((item) => {
  const [, not, kind] = /^(not )?(\w+) \d+$/.exec(item.name) ?? []
  const given = item.given[0]
  const output = given?.kind === 'trace' ? given.trace.spans[0]?.fields['output.text'] : undefined
  if (kind === undefined || output?.kind !== 'value') return []
  return [{ name: item.name, text: String(output.value), kinds: not === undefined ? [`pii.${kind}`] : [] }]
})

test('each pattern has hits and look-alikes', () => {
  for (const name of Object.keys(REVIEWED_SOURCES)) {
    const kind = name.slice('pii.'.length)
    expect(cases.filter((item) => item.name.startsWith(`${kind} `)).length, kind).toBeGreaterThan(0)
    expect(cases.filter((item) => item.name.startsWith(`not ${kind} `)).length, kind).toBeGreaterThan(0)
  }
})

test.each(cases)('$name: $text', ({ text, kinds }) => {
  expect([...new Set(set.find(all, text).map((match) => match.pattern))]).toEqual(kinds)
  expect(set.anyMatch(all, text)).toBe(kinds.length > 0)
})

test('what the pack redacts is gone from every place of a model call', () => {
  const secret = 'card 4111 1111 1111 1111 of jo@example.com'
  const span = makeSpan({
    kind: 'llm',
    inputText: secret,
    inputMessages: [{ role: 'user', parts: [{ type: 'text', content: secret }] }],
    outputText: secret,
    outputMessages: [
      {
        role: 'assistant',
        parts: [{ type: 'tool_call', arguments: { card: 4111111111111111, mail: 'jo@example.com' } }],
      },
    ],
    attributes: new Map([['input.value', JSON.stringify({ text: `first line\n${secret}` })]]),
    events: [{ name: 'gen_ai.choice', timeUs: 1, attributes: new Map([['message', secret]]) }],
  })
  compileRedaction(plan).apply(span)
  const stored = JSON.stringify(span, (_key, value: unknown) => (value instanceof Map ? [...value] : value))
  expect(stored).not.toMatch(/4111|jo@|example\.com/)
  expect(span.outputText).toBe('card ******************* of **************')
  expect(JSON.parse(String(span.attributes.get('input.value')))).toEqual({
    text: 'first line\ncard ******************* of **************',
  })
})
