import { getHeapStatistics, setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { expect, test } from 'vitest'
import { parseJson } from './json.ts'
import { messagesFromJson, messagesOf } from './messages.ts'
import { plainMessages } from './plain-messages.ts'

const text = (content: string): object => ({ type: 'text', content })

test.each([
  [[{ role: 'user', parts: [text('hello')] }]],
  [[{ role: 'assistant', parts: [text('')], finish_reason: 'stop' }]],
  [
    [
      {
        finish_reason: 'length',
        parts: [text('a, b: [c] {d}'), { content: 'ünï 🙂', type: 'text' }],
        role: 'assistant',
      },
    ],
  ],
  [
    [
      { role: 'system', parts: [text('one')] },
      { role: 'user', parts: [text('two')] },
    ],
  ],
])('reads %j without the parser, with and without spaces', (messages) => {
  const tight = JSON.stringify(messages)
  const loose = JSON.stringify(messages, null, 1)
    .replaceAll(/\n */g, ' ')
    .replaceAll(/([[{]) /g, '$1')
    .replaceAll(/ ([\]}])/g, '$1')
  for (const json of [tight, loose])
    expect(plainMessages(json), json).toEqual(messagesFromJson(parseJson(json), 'user'))
})

test.each([
  '',
  '[]',
  '[{}]',
  'hello',
  '[{"role":"user"}]',
  '[{"role":"user","parts":[]}]',
  '[{"role":"user","parts":[{"type":"text","content":"a\\nb"}]}]',
  '[{"role":"user","parts":[{"type":"text","content":"a\nb"}]}]',
  '[{"role":"user","parts":[{"type":"text","content":"a\u001fb"}]}]',
  '[{"role":"user","parts":[{"type":"text","content":7}]}]',
  '[{"role":"user","parts":[{"type":"reasoning","content":"a"}]}]',
  '[{"role":"user","parts":[{"type":"text","content":"a","id":"b"}]}]',
  '[{"role":"user","parts":[{"type":"text","content":"a"}],"name":"b"}]',
  '[{"role":"user","parts":[{"type":"text","content":"a"}],"role":"system"}]',
  '[{"role":"tool","parts":[{"type":"text","content":"a"}]}]',
  '[{"role":"user","parts":[{"type":"text","content":"a"}]},]',
  '[{"role":"user","parts":[{"type":"text","content":"a"}],}]',
  '[{"role":"user","parts":[{"type":"text","content":"a"}]}] ',
  '[{"role":"user","parts":[{"type":"text","content":"a"}]}',
])('leaves %j to the parser', (json) => {
  expect(plainMessages(json)).toBeUndefined()
})

test('says of whatever text what the parser says of it, or nothing', () => {
  const pieces = [
    '[',
    ']',
    '{',
    '}',
    ',',
    ':',
    ' ',
    '"',
    '\\',
    '\n',
    '"role"',
    '"parts"',
    '"type":"text"',
    '"content"',
    '"finish_reason":"stop"',
    '"user"',
    '"tool"',
    'ü',
    '1',
    'null',
  ]
  let state = 7
  const below = (bound: number): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((state / 2 ** 32) * bound)
  }
  let read = 0
  for (let round = 0; round < 20_000; round++) {
    const messages = Array.from({ length: 1 + below(2) }, () => ({
      role: ['user', 'assistant', 'tool', ''][below(4)],
      parts: Array.from({ length: 1 + below(2) }, () => text(['', 'a', 'b c', '"', 'é'][below(5)]!)),
      ...(below(3) === 0 && { finish_reason: 'stop' }),
    }))
    let json = JSON.stringify(messages)
    for (let change = below(4); change > 0; change--) {
      const at = below(json.length)
      json = json.slice(0, at) + pieces[below(pieces.length)] + json.slice(at + below(2))
    }
    const plain = plainMessages(json)
    if (plain === undefined) continue
    read++
    expect(plain, json).toEqual(messagesFromJson(parseJson(json), 'user'))
    expect(messagesOf(json, 'user')).toEqual(plain)
  }
  expect(read).toBeGreaterThan(2_000)
})

test('keeps no text of which it remembers what stands around it', () => {
  setFlagsFromString('--expose-gc')
  const collectGarbage = runInNewContext('gc') as () => void
  const heldBytes = (): number => {
    collectGarbage()
    return getHeapStatistics().used_heap_size
  }
  const longTextBytes = 8 << 20
  const readOne = (sender: number): number | undefined => {
    const role = `assistant of the sender ${sender}`
    const messages = [{ role, parts: [text('x'.repeat(longTextBytes))], finish_reason: `content_filter ${sender}` }]
    return plainMessages(JSON.stringify(messages))?.length
  }
  const before = heldBytes()
  // Numbers alone: what `expect` is given it keeps for a while itself.
  for (let sender = 0; sender < 8; sender++) expect(readOne(sender)).toBe(1)
  // Not one of eight: the test itself takes some hundred kilobytes.
  expect(heldBytes() - before).toBeLessThan(longTextBytes / 2)
})
