/** 0418 to 0420: `given file` of tests; 0425, 0426: files of `labels:`. What these files hold stands in `dsl/testing.ts`. */
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

const labelled = (file: string): string => `package shop
offline eval helpful {
  every:   day at 06:00 in "Europe/London"
  sample:  200 of trace where env == "prod" over 24h
  judge:   "openai/gpt-5-mini"
  show:    output.text
  scale:   1 to 5
  rubric:  "5 solved, 1 not"
  labels:  ${file}
  pass:    score >= 4
  missing: unknown
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
  E0425: {
    title: 'a file of labels that is not there',
    story: `labels: "labels/helpful.jsonl" names what people said of some of the subjects. The path is relative to the .eval file that
names it, and ends in .jsonl or .ndjson. assay label export helpful > labels/helpful.jsonl writes one of the labels that are stored.`,
    example: labelled('"labels/gone.jsonl"'),
  },
  E0426: {
    title: 'a file that holds no labels',
    story: `A line of the file is a JSON object with a traceId of 32 hex digits, a spanId of 16 where a span is judged, a score or a
verdict ("pass", "fail"), and as it wants eval, by, note and at. A score is on the scale of the eval, 0 to 1 of a ratio.
Lines of other evals are passed over; 2,000 labels are the most.`,
    example: labelled('"labels/notes.jsonl"'),
  },
} as const
