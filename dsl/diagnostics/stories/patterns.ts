/** E03xx: regexes, patterns and redaction. */
export const PATTERN_STORIES = {
  E0301: {
    title: 'a regex cannot look around',
    story: `Regexes run on every span, on texts that strangers write. They are RE2 syntax, which is matched in time linear in the
text whatever the pattern; lookahead and lookbehind would need backtracking, which hostile texts turn into minutes. Match
what stands around and check the rest with a second condition: x matches /a/ and not (x matches /ab/).`,
    example: `package shop
pattern bare_number = /(?<!order )\\d{13,19}/
`,
  },
  E0302: {
    title: 'a regex cannot refer back to a group',
    story: `What a group has matched would have to be remembered for every place where it could have: RE2 syntax leaves it out, to
stay linear in the text.`,
    example: `package shop
pattern doubled = /(\\w+) \\1/
`,
  },
  E0303: {
    title: 'a regex cannot quote by \\Q…\\E',
    story: `A slash inside could not be told from the end of the regex. Escape each special character by a backslash. To look for a
plain text, contains is simpler and faster.`,
    example: `package shop
pattern price = /\\Q$9.99\\E/
`,
  },
  E0304: {
    title: 'this is not RE2 syntax',
    story: `The regex was compiled by the engine that will run it, and refused for the reason given. One of more than 10,000
characters, or whose counted repetitions come to so many, is refused as well: it would take seconds to compile.`,
    example: `package shop
pattern broken = /(sk-[a-z]+/
`,
  },
  E0305: {
    title: 'an unknown flag of a regex',
    story: `After the closing slash, i ignores case. Others are written inside: (?s) lets . match a line break, (?m) lets ^ and $
match at lines.`,
    example: `package shop
pattern key = /sk-[a-z]+/g
`,
  },
  E0306: {
    title: 'an unknown checksum',
    story: `A pattern may name a checksum that a match must also pass, so that order numbers are not payment cards: check luhn, check
iban.`,
    example: `package shop
pattern card = /4\\d{15}/ check mod10
`,
  },
  E0307: {
    title: 'too many patterns at once',
    story: `Patterns that are asked together run as one automaton, which is fast while it is small: at most ten.`,
    example: `package shop
online eval clean {
  on:      llm_call
  pass:    not (output.text matches any [/a1/, /b2/, /c3/, /d4/, /e5/, /f6/, /g7/, /h8/, /i9/, /j0/, /k1/])
  missing: unknown
}
`,
  },
  E0308: {
    title: 'too many patterns in a file',
    story: `Each pattern is compiled when its evals come into force, and asked of many texts: a file has at most 1,000
different ones, and together they have at most 100,000 characters and classes, each counted as often as its repetition says.`,
    example: '',
  },
  E0309: {
    title: 'this is not a pattern',
    story: `After matches stands a regex, /sk-[a-z]+/, or the name of a pattern; after matches any a list of these. To look for a text
as it is, use contains.`,
    example: `package shop
online eval clean {
  on:      llm_call
  pass:    not (output.text matches "password")
  missing: unknown
}
`,
  },
  W0310: {
    title: 'a pattern without a required literal',
    story: `Every match of a fast pattern contains some fixed text, by which most texts are dismissed at once. A pattern such as
/\\d{6,}/ has none: the automaton walks every character of every text. It costs the most of all patterns; a fixed part, or
asking it after a cheaper condition, makes it cheap.`,
    example: `package shop
pattern number = /\\d{6,}/
`,
  },
  W0313: {
    title: 'a pattern that hostile texts make slow',
    story: `RE2 looks at each character of a text once, but remembers every combination of places in the pattern that it meets. Behind a
beginning that can begin again inside of what follows it, /foo.{0,40}bar/, there are more combinations than it can ever keep, and
a text written for the purpose ("foo fofoo fo foo…") leads to a new one with every character: a hundred times slower than
other texts, 0.1 to 0.4 s for 64 kB. The pattern was tried, by counting such combinations, the same on every machine. Shorter
repetitions make it fast, and so does a repetition that cannot hold the beginning: /foo[^f]{0,40}bar/, or /foo.*bar/, which needs no
counting at all.`,
    example: `package shop
pattern near = /foo.{0,40}bar/
`,
  },
  E0311: {
    title: 'a redaction that masks nothing',
    story: `redact: masks what the eval's own patterns matched, in the fields named, before a span is stored. It looks at one span at
a time: an eval about whole traces cannot redact, and neither can one without patterns.`,
    example: `package shop
online eval fast {
  on:     llm_call
  pass:   duration <= 8s
  redact: output.text
}
`,
  },
  E0312: {
    title: 'this field cannot be masked',
    story: `The texts of the conversation can be masked: input.text, output.text, arguments.text, result.text, query.text, as far as
the subject has them.`,
    example: `package shop
online eval clean {
  on:      llm_call
  pass:    not (output.text matches /sk-[a-z]+/)
  missing: unknown
  redact:  model
}
`,
  },
} as const
