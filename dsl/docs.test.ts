/** The reference says what the code does: its tables are written from it, its examples are compiled. */
import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { CLAUSES } from './clauses.ts'
import { ALLOWABLE_ERRORS, CODES, type Code, OTHER_EXAMPLE, severityOf } from './diagnostics/codes.ts'
import type { ValueType } from './plan.ts'
import { FIELDS, SUBJECTS } from './schema.ts'
import { compileText } from './testing.ts'

const folder = new URL('../docs/language/', import.meta.url)
const readme = readFileSync(new URL('README.md', folder), 'utf8')

function typeName(type: ValueType): string {
  if (type.kind === 'enum') return type.values.map((value) => `\`"${value}"\``).join(' ')
  return type.kind === 'money' ? `money (${type.currency})` : type.kind
}

function fieldsPage(): string {
  const subjects = SUBJECTS.map(
    ({ name, doc, spanKind }) => `| \`${name}\` | ${doc} | ${spanKind === null ? '' : `\`${spanKind}\``} |`,
  )
  const fields = FIELDS.map(({ path, type, subjects: owners, optional, text, doc }) => {
    const spans = owners.filter((owner) => owner !== 'trace').length === SUBJECTS.length - 2
    const of = spans
      ? owners.includes('trace')
        ? 'all'
        : 'all spans'
      : owners.map((owner) => `\`${owner}\``).join(' ')
    return `| \`${path}\`${text ? ' (text)' : ''} | ${typeName(type)} | ${of} | ${optional ?? 'always'} | ${doc} |`
  })
  const sources = FIELDS.flatMap(({ path, attributes }) => {
    const names = (list: readonly string[] | undefined): string => (list ?? []).map((name) => `\`${name}\``).join(', ')
    return attributes.otel || attributes.openinference
      ? [`| \`${path}\` | ${names(attributes.otel)} | ${names(attributes.openinference)} |`]
      : []
  })
  return `# Subjects and fields

Written from \`dsl/schema.ts\` by its test.

## Subjects

| subject | is | kind of span in the data |
| --- | --- | --- |
${subjects.join('\n')}

## Fields

A field marked (text) can be matched and redacted. Where it says always, a rule that reads the field needs no \`missing:\`.

| field | type | of | may be missing: | is |
| --- | --- | --- | --- | --- |
${fields.join('\n')}

## Where they come from

| field | OpenTelemetry | OpenInference |
| --- | --- | --- |
${sources.join('\n')}
`
}

function hasFix(code: Code): boolean {
  const { diagnostics } = compileText(CODES[code].example, { 'other.eval': OTHER_EXAMPLE })
  return diagnostics.some((diagnostic) => diagnostic.code === code && diagnostic.fix?.edit !== undefined)
}

function diagnosticsPage(): string {
  const rows = (Object.keys(CODES) as Code[])
    .sort((a, b) => (a.slice(1) < b.slice(1) ? -1 : 1))
    .map((code) => `| ${code} | ${severityOf(code)} | ${CODES[code].title} | ${hasFix(code) ? '`--fix`' : ''} |`)
  return `# Diagnostics

Written from \`dsl/diagnostics/codes.ts\` by its test. \`assay explain E0207\` tells the long story of one, with an example.

What is marked \`--fix\` has, in the case of its example, an edit that \`assay check --fix\` makes unasked (\`--diff\` shows it). A comment
\`# assay-allow W0310: reason\`, at the end of the line or on a line of its own above, keeps a warning that the author has looked at, and those
errors that are a judgement call: ${[...ALLOWABLE_ERRORS].join(', ')}. Without a reason (E0018) or anything to allow (E0019) it is an error itself.

| code | is | says | |
| --- | --- | --- | --- |
${rows.join('\n')}
`
}

test('the page of fields is in step with the schema', async () => {
  await expect(fieldsPage()).toMatchFileSnapshot(new URL('fields.md', folder).pathname)
})

test('the page of diagnostics is in step with the registry', async () => {
  await expect(diagnosticsPage()).toMatchFileSnapshot(new URL('diagnostics.md', folder).pathname)
})

describe('the reference', () => {
  const examples = [...readme.matchAll(/```eval\n([\s\S]*?)```/g)].map((match) => match[1] ?? '')

  test('has examples', () => {
    expect(examples.length).toBeGreaterThan(2)
  })

  test.each(examples)('compiles %#', (example) => {
    expect(compileText(example).diagnostics).toEqual([])
  })

  test.each(Object.entries(CLAUSES))('names every clause of %s', (_kind, { required, optional, later }) => {
    for (const key of [...required, ...optional, ...later]) expect(readme).toMatch(new RegExp(`[\` ]${key}[\` :]`))
  })
})
