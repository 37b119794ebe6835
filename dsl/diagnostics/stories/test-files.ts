/** 0418 to 0420: `given file` of tests. What these files hold is `test-traces.json` in `dsl/testing.ts`. */
const FAST = `package shop
online eval fast {
  on:   trace
  pass: duration <= 8s
}
`

const given = (file: string): string => `${FAST}test "as recorded" {
  given file ${file}
  expect fast: fail
}
`

export const TEST_FILE_STORIES = {
  E0418: {
    title: 'a file of traces that is not there',
    story: `given file "fixtures/slow.json" takes a trace from a file. The path is relative to the .eval file that names it, and ends in
.json, .jsonl, .ndjson, .pb or .otlp, each with .gz if it is compressed.`,
    example: given('"fixtures/gone.json"'),
  },
  E0419: {
    title: 'a file that holds no traces',
    story: `The file holds what a client sends: OTLP as JSON, as JSONL with one request a line, or as protobuf; or spans as the API
answers them. assay capture TRACE --file fixtures/slow.json writes one of a stored trace.`,
    example: given('"fixtures/notes.json"'),
  },
  E0420: {
    title: 'which trace of a file is meant',
    story: `A test takes one trace. When its file holds several, trace "ID" after the path says which; an id is 32 hex digits.`,
    example: given('"fixtures/two.json"'),
  },
} as const
