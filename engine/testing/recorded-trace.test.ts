import { expect, test } from 'vitest'
import { compileProject } from '../../dsl/project.ts'
import { makeSpan } from '../model/make-span.ts'
import { runTests } from './run-tests.ts'

const TRACE = 'a'.repeat(32)
const start = 1_767_225_600_000_000
const recorded = [
  makeSpan({
    traceId: TRACE,
    spanId: '1'.repeat(16),
    kind: 'agent',
    name: 'shop',
    startTimeUs: start,
    durationNs: 4e9,
  }),
  makeSpan({
    traceId: TRACE,
    spanId: '2'.repeat(16),
    parentSpanId: '1'.repeat(16),
    kind: 'tool',
    name: 'execute_tool refund',
    toolName: 'refund',
    toolResult: 'ok',
    startTimeUs: start + 1_000_000,
    durationNs: 1e9,
  }),
]

const TEXT = `package shop
online eval fast { on: trace  pass: duration <= 5s }
online eval ok { on: tool_call  pass: result.text == "ok" and name == "refund"  missing: unknown }
online eval few { on: trace  pass: count(tool_call) <= 1 }
test "as recorded" {
  given file "a.json"
  expect fast: pass
  expect ok: pass
  expect few: pass
}
test "slower" { given like "as recorded" { duration: 6s } expect fast: fail }
test "no result" { given like "as recorded" { tool_call { result.text: missing } } expect ok: unknown because result.text }
test "another" { given like "as recorded" { tool_call { name: "refund" } tool_call { name: "refund" result.text: "ok" } } expect few: fail expect ok: pass }
test "none" { given like "another" { tool_call: missing } expect few: pass expect ok: none }
test "late" { given like "as recorded" { tool_call { start: 5s } } expect fast: fail }
`

test('a recorded trace is judged as it is, and as `given like` changes it', () => {
  const { plan, diagnostics } = compileProject({
    files: [{ path: 'shop.eval', text: TEXT }],
    readImport: () => null,
    readTraces: (from, path) => ({ ok: true, path: `${from}/${path}`, traceIds: [TRACE] }),
  })
  expect(diagnostics).toEqual([])
  const asked: unknown[] = []
  const report = runTests(plan!, {
    traceOf: (file, traceId) => {
      asked.push([file, traceId])
      return recorded
    },
  })
  expect(report.tests.flatMap((one) => one.expectations.filter(({ ok }) => !ok))).toEqual([])
  expect(report.passed).toBe(6)
  expect(asked[0]).toEqual(['shop.eval/a.json', TRACE])
})
