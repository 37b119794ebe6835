/** E00xx: how a file is written. */
export const SYNTAX_STORIES = {
  E0001: {
    title: 'a file or folder cannot be read',
    story: `The path does not exist, or the system refuses to read it. Nothing of it is in force.`,
    example: '',
  },
  E0002: {
    title: 'a file is not a text in UTF-8',
    story: `An .eval file is a text in UTF-8. This one has bytes that are none: it may be an archive or an image with a wrong
name, or a text that was saved in another encoding.`,
    example: '',
  },
  E0003: {
    title: 'a file is too large',
    story: `Files of more than 1 MB are not read: no person writes such a file, and checking has to stay fast. Split generated
rules over several files.`,
    example: '',
  },
  E0004: {
    title: 'something else is expected here',
    story: `The grammar has no meaning for what stands here. The message names what may stand in its place. The rest of the
declaration is read on from the next clause, and all other declarations as usual, so the other errors of the file are
told in the same run.`,
    example: `package shop
online eval fast {
  on:   trace
  pass: duration <=
}
`,
  },
  E0005: {
    title: 'a text without its closing quote',
    story: `A text in quotes ends on its line. For several lines, use a text block in """. A quote inside is written \\".`,
    example: `package shop
online eval fast {
  title: "Answers arrive
  on:    trace
  pass:  duration <= 8s
}
`,
  },
  E0006: {
    title: 'a text block without its closing """',
    story: `A text block runs from """ to """. It ends at the latest before a line that begins with }, so that a forgotten end
costs one error and not the rest of the file; no line of a block may begin with } in its first column.`,
    example: `package shop
offline eval helpful {
  every:   day in "UTC"
  sample:  10 of trace over 24h
  judge:   "openai/gpt-5-mini"
  show:    output.text
  scale:   1 to 5
  pass:    score >= 4
  missing: unknown
  rubric:  """
    5  Solved.
}
`,
  },
  E0007: {
    title: 'this is not a number',
    story: `A number and its unit are one word: 500ms, 9.2s, 10m, 24h, 7d, 1w; 95%, 3pp (percentage points); amounts have three
capitals, 0.25 USD; times of day have two digits each, 06:00. Nothing else may follow a number directly. Months have no
length and are no unit. A number beyond what can be counted exactly is refused as well.`,
    example: `package shop
online eval fast {
  on:   trace
  pass: duration <= 8sec
}
`,
  },
  E0008: {
    title: 'a regex without its closing slash',
    story: `A regex stands between slashes, on one line: /sk-[a-z]+/. A slash inside is written \\/, except in a class: [/].`,
    example: `package shop
pattern key = /sk-[a-z]+
`,
  },
  E0009: {
    title: 'a character that means nothing',
    story: `The language writes its operators as words: and, or, not. Other marks of other languages mean nothing here.`,
    example: `package shop
online eval fast {
  on:   trace
  pass: duration <= 8s && count(tool_call) <= 3
}
`,
  },
  E0010: {
    title: 'nested too deep, or too long',
    story: `An expression may nest 100 deep and hold 500 operators. Nobody reads more, and a bound keeps the checker and the
engine within theirs. Generated conditions are better written as a list: name in ["a", "b", …].`,
    example: `package shop
online eval fast {
  on:   trace
  pass: ${'('.repeat(101)}duration <= 8s${')'.repeat(101)}
}
`,
  },
  E0011: {
    title: 'comparisons do not chain',
    story: `a < b < c would compare a truth value with c. Say both: a < b and b < c.`,
    example: `package shop
online eval fast {
  on:   trace
  pass: 1s <= duration <= 8s
}
`,
  },
  E0012: {
    title: 'a `not` inside a comparison',
    story: `not binds looser than a comparison: not a == b is not (a == b). After a comparison it can only stand in brackets.`,
    example: `package shop
online eval honest {
  on:   trace
  pass: true == not duration <= 8s
}
`,
  },
  E0013: {
    title: 'an unknown escape in a text',
    story: `In a text, a backslash begins one of \\n, \\t, \\r, \\", \\\\. In a regex it has RE2's meanings instead.`,
    example: `package shop
online eval fast {
  title: "Answers \\arrive"
  on:    trace
  pass:  duration <= 8s
}
`,
  },
  E0014: {
    title: 'a text in single quotes',
    story: `Texts stand in double quotes, so that there is one way to write and to look for them.`,
    example: `package shop
online eval named {
  on:   tool_call
  pass: name != 'delete_all'
}
`,
  },
  E0015: {
    title: 'this is no declaration',
    story: `A file is a list of declarations: package, import, const, pattern, scope, default, online eval, offline eval, alert,
scorecard, test. Something else stands in front of the first.`,
    example: `eval fast {
  on:   trace
  pass: duration <= 8s
}
package shop
`,
  },
  E0017: {
    title: 'too many errors',
    story: `A file with more than 200 errors of form is most likely something else than an .eval file, or was cut in two. What follows
was not read.`,
    example: '',
  },
  E0018: {
    title: 'an allowance that does not work',
    story: `# assay-allow W0310: reason keeps a finding that the author has looked at: at the end of its line, or on a line of its own
above. It names codes and gives the reason that the next reader needs. Warnings can be allowed, and errors that are a
judgement call (E0214); what is wrong in form or type has no meaning that could be allowed.`,
    example: `package shop
# assay-allow W0310
pattern number = /\\d{6,}/ # assay-allow W0310: order numbers are digits alone
`,
  },
  E0019: {
    title: 'an allowance of nothing',
    story: `What the comment allows is not found here any more. It is an error, as it would hide the next finding of that code.`,
    example: `package shop
# assay-allow W0310: order numbers are digits alone
pattern number = /order \\d{6,}/
`,
  },
  E0020: {
    title: 'a chain of definitions that is too long',
    story: `Constants, scopes, evals that ask for verdicts, tests that are like others, and files that import others may lead from one
to the next, through 32 at most. Nobody can follow more, and a bound keeps the checker within its own. Say some of them in one.`,
    example: '',
  },
  E0016: {
    title: 'a bracket without its partner',
    story: `Round, square and curly brackets come in pairs. A forgotten one is told where it has to stand at the latest; the file is
read on as if it stood there.`,
    example: `package shop
online eval calm {
  on:   trace
  pass: (count(tool_call) <= 12
}
`,
  },
} as const
