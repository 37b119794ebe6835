/** The pages of the grammar: one to read on a code host, one with railroad diagrams. */
import { tokenTypes } from '../syntax/tokens.ts'
import { escaped, railroadSvg } from './railroad-svg.ts'
import { ebnf, grammarRules, type Rail, type Rule } from './rails.ts'

const ORIGIN = 'Made from the grammar itself (`dsl/syntax`) by `npm run docs`.'
const MAX_LINE = 110

const NOTES: Readonly<Record<string, string>> = {
  file: 'A file is cut at the reserved words that open declarations, so a broken one never reaches into the next.',
  expr: 'Read flat; from loosest to tightest: `or`; `and`; `not`; comparisons, which do not chain; `??`; `+ -`; `*`.',
  clause:
    'Which clauses a declaration takes, and what each may hold, is checked after parsing: [reference](reference.md#clauses).',
  clauseValue: 'The value of a key that the grammar does not know runs to the next key or `}` outside of brackets.',
}

/** Classes of tokens: what is not one spelling. */
const CLASSES: readonly (readonly [name: string, is: string])[] = [
  ['Key', 'any key: a name, dots allowed, with a colon on the same line: `env:`, `output.text:`'],
  ['KeyOther', 'a key that has no form of its own'],
  ['Name', 'a name that is none of the words above: `checkout`, `llm_call`, `output.text`'],
  ['Word', 'a name, or a word that has a meaning elsewhere only (`over`, `by`, `judge`)'],
  ['Literal', 'any of the literals below, or a regex'],
  ['Comparison', '`==` `!=` `<` `<=` `>` `>=`'],
  ['Text', '`"…"` on one line, with the escapes `\\n \\t \\r \\" \\\\`'],
  ['TextBlock', '`"""…"""`, of several lines; no line in it begins with `}`'],
  [
    'Regex',
    '`/…/`, RE2 syntax, with `i` behind it where upper and lower case are one; ends at the first `/` outside of a class',
  ],
  ['TimeOfDay', '`06:00`'],
  ['Money', '`0.25 USD`'],
  ['Duration', '`500ms` `9.2s` `10m` `24h` `7d` `1w`'],
  ['Points', '`3pp`, a difference of two ratios'],
  ['Percent', '`95%`'],
  ['Decimal', '`0.5`'],
  ['Int', '`12`'],
]

export function grammarMarkdown(): string {
  const rules = grammarRules()
  return `# The grammar

${ORIGIN} The same as railroad diagrams: [grammar.html](grammar.html), a page by itself.

\`?\` may be left out, \`*\` any number of times, \`+\` at least once, \`|\` one or the other; what stands in quotes is typed as it is. Blanks, line breaks
and comments, \`#\` to the end of the line, may stand between any two words; the blanks inside of \`0.25 USD\` and before a key's colon stay on
one line.

${rules.map(ruleMarkdown).join('\n\n')}

## Words

| word | is |
| --- | --- |
${classesIn(rules)
  .map(([name, is]) => `| \`${name}\` | ${is.replaceAll('|', '\\|')} |`)
  .join('\n')}
`
}

function ruleMarkdown({ name, rail }: Rule): string {
  const note = NOTES[name]
  return `### ${name}\n${note === undefined ? '' : `\n${note}\n`}\n\`\`\`ebnf\n${production(name, rail)}\n\`\`\``
}

/** Alternatives below each other where they do not fit on a line. */
function production(name: string, rail: Rail): string {
  const oneLine = `${name} ::= ${ebnf(rail)}`
  if (oneLine.length <= MAX_LINE || rail.kind !== 'choice') return oneLine
  return `${name} ::= ${rail.items.map(ebnf).join(`\n${' '.repeat(name.length + 3)}| `)}`
}

export function grammarHtml(): string {
  const rules = grammarRules()
  const sections = rules.map(({ name, rail }) => {
    const users = rules.filter((other) => other.name !== name && mentions(other.rail, name)).map((other) => other.name)
    const usedBy = users.map((user) => `<a href="#${user}">${user}</a>`).join(', ')
    return `<section id="${name}">
<h2>${name}</h2>
<div class="diagram">${railroadSvg(rail, `${name}: ${ebnf(rail)}`)}</div>
<pre>${escaped(production(name, rail))}</pre>
${usedBy === '' ? '' : `<p>used by ${usedBy}</p>\n`}</section>`
  })
  const words = classesIn(rules).map(
    ([name, is]) => `<tr id="token-${name}"><th>${name}</th><td>${inHtml(is)}</td></tr>`,
  )
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>The grammar of .eval</title>
<style>
${STYLE}
</style>
</head>
<body>
<h1>The grammar of <code>.eval</code></h1>
<p>Follow the line from left to right. Rounded boxes are typed as they are, square ones lead to their rule. Blanks, line breaks and comments may stand between
any two words. Made from the grammar itself by <code>npm run docs</code>.</p>
<nav>${rules.map(({ name }) => `<a href="#${name}">${name}</a>`).join(' ')}</nav>
${sections.join('\n')}
<section id="words">
<h2>Words</h2>
<table>
${words.join('\n')}
</table>
</section>
</body>
</html>
`
}

const STYLE = `:root { color-scheme: light dark; --line: #24292f; --paper: #ffffff; --token: #ddf4e4; --rule: #ddeafc; --class: #fbf0d3; }
@media (prefers-color-scheme: dark) {
  :root { --line: #d7dde3; --paper: #14181d; --token: #1d3a29; --rule: #1c2f4a; --class: #40351a; }
}
body { font: 16px/1.5 system-ui, sans-serif; max-width: 75rem; margin: 2rem auto; padding: 0 1rem; color: var(--line); background: var(--paper); }
a { color: inherit; }
nav a { margin-right: 0.6rem; }
section { margin: 2.5rem 0; }
.diagram { overflow-x: auto; }
pre { white-space: pre-wrap; font-size: 0.85rem; opacity: 0.8; }
svg text { font: 13px ui-monospace, monospace; text-anchor: middle; fill: var(--line); }
svg .rail { fill: none; stroke: var(--line); stroke-width: 1.5; }
svg rect { stroke: var(--line); stroke-width: 1; }
svg .token { fill: var(--token); }
svg .class { fill: var(--class); }
svg .rule { fill: var(--rule); }
th, td { text-align: left; vertical-align: top; padding: 0.2rem 1rem 0.2rem 0; }`

function inHtml(text: string): string {
  return escaped(text).replace(/`([^`]+)`/g, '<code>$1</code>')
}

function mentions(rail: Rail, name: string): boolean {
  return tokensAndRules(rail).some((one) => one.kind === 'rule' && one.name === name)
}

type Leaf = Extract<Rail, { kind: 'token' | 'rule' }>

function tokensAndRules(rail: Rail): Leaf[] {
  switch (rail.kind) {
    case 'token':
    case 'rule':
      return [rail]
    case 'sequence':
    case 'choice':
      return rail.items.flatMap(tokensAndRules)
    case 'optional':
      return tokensAndRules(rail.item)
    case 'repeat':
      return [...tokensAndRules(rail.item), ...(rail.separator === null ? [] : tokensAndRules(rail.separator))]
  }
}

/** Those that the rules name, and the literals; throws when one has no explanation. */
function classesIn(rules: readonly Rule[]): (readonly [string, string])[] {
  const literals = tokenTypes.filter(
    (type) => type.CATEGORIES?.some(({ name }) => name === 'Literal') && !/^(?:Bad|Single)/.test(type.name),
  )
  const used = new Set([
    ...rules.flatMap(({ rail }) =>
      tokensAndRules(rail).flatMap((one) => (one.kind === 'token' && !one.literal ? [one.text] : [])),
    ),
    ...literals.map((type) => type.name),
  ])
  const unexplained = [...used].filter((name) => !CLASSES.some(([known]) => known === name))
  if (unexplained.length > 0) throw new Error(`the page of the grammar does not say what ${unexplained.join(', ')} is`)
  return CLASSES.filter(([name]) => used.has(name))
}
