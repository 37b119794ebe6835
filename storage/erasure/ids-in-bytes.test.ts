import { randomBytes } from 'node:crypto'
import { expect, test } from 'vitest'
import { findIdsIn } from './ids-in-bytes.ts'

const ids = Array.from({ length: 5_000 }, () => randomBytes(16).toString('hex'))
const isIn = findIdsIn(new Set(ids))
const around = (bytes: Buffer | string): Buffer =>
  Buffer.concat([Buffer.from('be9'), Buffer.from(bytes), Buffer.from('x')])

test.each([
  ['the first, as bytes', around(Buffer.from(ids[0]!, 'hex')), true],
  ['the last of thousands, as bytes', around(Buffer.from(ids.at(-1)!, 'hex')), true],
  ['in hex', around(ids[4_000]!), true],
  ['in hex of the other case, within a longer run', around(`AB${ids[4_000]!.toUpperCase()}cd`), true],
  ['but its last digit', around(ids[0]!.slice(0, -1)), false],
  ['but its last byte', around(Buffer.from(ids[0]!, 'hex').subarray(0, -1)), false],
  ['another', around(randomBytes(16)), false],
  ['nothing', Buffer.alloc(0), false],
])('%s', (_, bytes, expected) => expect(isIn(bytes)).toBe(expected))

test('of no ids none is found', () => expect(findIdsIn(new Set())(randomBytes(100))).toBe(false))
