/** E02xx: types, subjects, fields, and what may be missing. */
export const TYPE_STORIES = {
  E0201: {
    title: 'types do not fit',
    story: `Nothing is converted by itself: a duration is compared with a duration (8s), a ratio with a percentage (95%), an
amount with an amount of the same currency (0.25 USD). A bare whole number stands for an int, a number or tokens, as its
place asks. An int is a number.`,
    example: `package shop
online eval fast {
  on:   trace
  pass: duration <= 8
}
`,
  },
  E0202: {
    title: 'a condition is needed',
    story: `pass:, where, and, or and not take something that is true, false or unknown. A text or a number is none of these:
compare it with something, or ask whether it is present.`,
    example: `package shop
online eval done {
  on:   llm_call
  pass: output.text
}
`,
  },
  E0203: {
    title: 'an unknown field',
    story: `Rules read a curated list of fields, to which the conventions of all clients are mapped, so that no rule names a raw
attribute; docs/language/ lists them by subject. An attribute of your own is read by attr("acme.tier", string).`,
    example: `package shop
online eval fast {
  on:   trace
  pass: durration <= 8s
}
`,
  },
  E0204: {
    title: 'a field of another subject',
    story: `Each subject has its fields. Tokens and cost belong to llm_call alone, so that sums do not count an agent and its calls
twice; of a trace they are asked by an aggregate, sum(llm_call.cost).`,
    example: `package shop
online eval cheap {
  on:      trace
  pass:    cost <= 0.25 USD
  missing: unknown
}
`,
  },
  E0205: {
    title: 'an unknown subject or scope',
    story: `A rule looks at subjects: trace, agent_run, llm_call, tool_call, retrieval, embedding, guardrail, or span for any span; or
at a scope, which is a subject with a condition. After in stands a scope of traces: llm_call in checkout.`,
    example: `package shop
online eval fast {
  on:   traces
  pass: duration <= 8s
}
`,
  },
  E0206: {
    title: 'a subject is not a value',
    story: `llm_call names spans, of which a trace has many. Ask something of them: count(llm_call), any(llm_call where …),
sum(llm_call.cost). A pattern or an eval is no value either.`,
    example: `package shop
online eval calm {
  on:   trace
  pass: tool_call <= 12
}
`,
  },
  E0207: {
    title: 'an eval can be undecided and does not say what then',
    story: `A field that the sender did not send is missing, and a comparison with it is neither true nor false. Whether an absent
text is a pass is a decision that nobody but the author can take, so it is never taken silently. Say missing: unknown (it
leaves the pass rate and lowers the coverage, which is always shown beside it), missing: fail, or missing: pass because
"…". A file may say default missing: unknown once. An expression that asks first needs no clause: output.text is missing
or not (output.text contains "x"), output.text ?? "". A judge may abstain, so an offline eval always needs one.`,
    example: `package shop
online eval polite {
  on:   llm_call
  pass: not (output.text contains "damn")
}
`,
  },
  W0208: {
    title: 'a `missing:` clause that is never used',
    story: `Every field that this eval reads is always there, so it never comes out unknown and the clause says nothing. It would
mislead whoever reads it.`,
    example: `package shop
online eval fast {
  on:      trace
  pass:    duration <= 8s
  missing: unknown
}
`,
  },
  E0209: {
    title: 'two currencies in one expression',
    story: `Nothing here knows an exchange rate. Costs are in USD, as providers bill them.`,
    example: `package shop
online eval cheap {
  on:      trace
  pass:    sum(llm_call.cost) <= 0.25 EUR
  missing: unknown
}
`,
  },
  E0210: {
    title: 'an unknown function',
    story: `There are: count any all sum mean min max p50 p95 p99 over a trace's spans; before, repeats; length, attr; passes, fails,
undecided, errors of another eval. There are no functions of one's own.`,
    example: `package shop
online eval calm {
  on:   trace
  pass: number(tool_call) <= 12
}
`,
  },
  E0211: {
    title: 'wrong arguments',
    story: `The function exists, and takes something else. The message shows how it is written.`,
    example: `package shop
online eval ordered {
  on:   trace
  pass: before(tool_call)
}
`,
  },
  E0212: {
    title: 'of which spans?',
    story: `An aggregate's value names its spans in front of the field: sum(llm_call.cost), all(tool_call.status == "ok"). Its
condition, after where, is about those spans and needs no name in front. One aggregate looks at one kind of span.`,
    example: `package shop
online eval cheap {
  on:      trace
  pass:    llm_call.cost <= 0.25 USD
  missing: unknown
}
`,
  },
  E0213: {
    title: 'an aggregate in a wrong place',
    story: `Aggregates look at the spans of the trace at hand. They do not nest, and a constant has no trace to look at.`,
    example: `package shop
online eval calm {
  on:   trace
  pass: count(tool_call where count(llm_call) > 1) <= 3
}
`,
  },
  E0214: {
    title: 'a text that a field never equals',
    story: `The field takes one of a few values, and this is none of them: the comparison would be the same for every subject.`,
    example: `package shop
online eval healthy {
  on:   llm_call
  pass: status != "failed"
}
`,
  },
  E0216: {
    title: '`score` where nothing is scored',
    story: `score is the value of the score: clause of the same eval, or the judge's of an offline eval, and is read in pass:.`,
    example: `package shop
online eval fast {
  on:   trace
  pass: score <= 8s
}
`,
  },
  E0217: {
    title: 'an attribute needs a name and a type',
    story: `attr("acme.tier", string) reads an attribute that no convention knows. Its type is one of string, bool, int, number,
tokens, duration (integer ns), ratio. It is always optional; another type at run time is an error, never a verdict.`,
    example: `package shop
online eval tiered {
  on:      trace
  pass:    attr("acme.tier", text) == "gold"
  missing: unknown
}
`,
  },
  E0219: {
    title: 'a named expression that does not fit its place',
    story: `define gives an expression a name, and its fields are those of the subject where it is used: define slow = duration > 8s is of
a trace in an eval of traces, of a call in an eval of calls. Where the subject has no such field, or the place asks for another
type, it does not fit. Written out, an expression has at most 5,000 parts.`,
    example: `package shop
define wordy = tokens.output > 4000
online eval brief {
  on:      tool_call
  pass:    not wordy
  missing: unknown
}
`,
  },
  E0218: {
    title: 'a number out of reach',
    story: `A threshold outside of the judge's scale, or a rate beyond 100%, decides every case alike: an alert on it would never fire, or always.`,
    example: `package shop
offline eval helpful {
  every:   day in "UTC"
  sample:  10 of trace over 24h
  judge:   "openai/gpt-5-mini"
  show:    output.text
  scale:   1 to 5
  rubric:  "5 is solved, 1 is not."
  pass:    score >= 7
  missing: unknown
}
`,
  },
} as const
