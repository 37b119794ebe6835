import { expect, test } from 'vitest'
import { errorAtTheEnd } from './export.ts'

test('a server that failed in the middle says so after the rows', () => {
  const tag = 'abcdefghijklmnop'
  const message = 'Code: 241. DB::Exception: Memory limit exceeded. (MEMORY_LIMIT_EXCEEDED)\n'
  const rows = Buffer.from([1, 2, 0, 255])
  const said = Buffer.from(`\r\n__exception__\r\n${tag}\r\n${message}${message.length} ${tag}\r\n__exception__\r\n`)
  expect(errorAtTheEnd(Buffer.concat([rows, said]), tag)?.message).toMatch(/Memory limit exceeded/)
  expect(errorAtTheEnd(rows, tag)).toBeNull()
  // A text of somebody's that looks like it has another tag.
  expect(errorAtTheEnd(Buffer.concat([rows, said]), 'ponmlkjihgfedcba')).toBeNull()
})
