/** What each function of expressions is, for completion, hover and the reference. */

export interface FunctionDoc {
  /** An example that can stand in a condition or a score. */
  readonly usage: string
  /** What it gives: a type, or "that of its value". */
  readonly result: string
  readonly doc: string
  /** What stands in its brackets, with the places to fill in: `<what>`, `<one|of>`. */
  readonly snippet: string
}

const SPANS = '<tool_call>'
const SAME = 'as its value'
const verdict = (word: string): FunctionDoc => ({
  usage: `${word}(no_pii)`,
  result: 'bool',
  doc: `Whether the verdict of another online eval on the subject at hand is ${VERDICT[word] ?? word}.`,
  snippet: '<eval>',
})
const VERDICT: Record<string, string> = {
  passes: '`pass`',
  fails: '`fail`',
  undecided: '`unknown`',
  errors: '`error`',
}
const percentile = (part: number): FunctionDoc => ({
  usage: `p${part}(llm_call.duration)`,
  result: SAME,
  doc: `The value that ${part}% of the trace's spans do not exceed; missing when there is none.`,
  snippet: '<llm_call.duration>',
})

export const FUNCTION_DOCS: Readonly<Record<string, FunctionDoc>> = {
  count: {
    usage: 'count(tool_call where name == "x")',
    result: 'int',
    doc: 'How many spans of the trace there are for which the condition is true. Never missing.',
    snippet: SPANS,
  },
  any: {
    usage: 'any(tool_call where name == "x")',
    result: 'bool',
    doc: 'Whether the condition is true of at least one span of the trace.',
    snippet: SPANS,
  },
  all: {
    usage: 'all(llm_call.finish_reason == "stop")',
    result: 'bool',
    doc: 'Whether the condition is true of every span of the trace; true when there is none.',
    snippet: '<llm_call.status> == <"ok">',
  },
  sum: {
    usage: 'sum(llm_call.cost)',
    result: SAME,
    doc: "The sum over the trace's spans: 0 when there is none, missing when an element is, unless the known part decides.",
    snippet: '<llm_call.cost>',
  },
  mean: {
    usage: 'mean(llm_call.duration)',
    result: SAME,
    doc: "The mean over the trace's spans; missing when there is none.",
    snippet: '<llm_call.duration>',
  },
  min: {
    usage: 'min(llm_call.duration)',
    result: SAME,
    doc: "The smallest of the trace's spans; missing when there is none.",
    snippet: '<llm_call.duration>',
  },
  max: {
    usage: 'max(llm_call.duration)',
    result: SAME,
    doc: "The largest of the trace's spans; missing when there is none.",
    snippet: '<llm_call.duration>',
  },
  p50: percentile(50),
  p95: percentile(95),
  p99: percentile(99),
  before: {
    usage: 'before(tool_call where name == "verify", tool_call where name == "refund")',
    result: 'bool',
    doc: 'Whether every second span has a first one that ended before it began.',
    snippet: '<tool_call where name == "a">, <tool_call where name == "b">',
  },
  repeats: {
    usage: 'repeats(tool_call)',
    result: 'int',
    doc: 'The most times that one call is made with the same arguments: loops.',
    snippet: SPANS,
  },
  attr: {
    usage: 'attr("acme.tier", string)',
    result: 'the type named',
    doc: 'An attribute of your own, by its name as it was sent. It may always be missing.',
    snippet: '"<acme.tier>", <string>',
  },
  length: {
    usage: 'length(output.text)',
    result: 'int',
    doc: 'The characters of a text, in UTF-16 units; of `documents`, how many there are.',
    snippet: '<output.text>',
  },
  passes: verdict('passes'),
  fails: verdict('fails'),
  undecided: verdict('undecided'),
  errors: verdict('errors'),
}
