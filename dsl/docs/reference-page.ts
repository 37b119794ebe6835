/** The reference: subjects, fields, clauses, functions and diagnostics, from the places that the checker takes them from. */
import { clauseDoc } from '../clause-docs.ts'
import { CLAUSES } from '../clauses.ts'
import { ALLOWABLE_ERRORS, CODES, type Code, OTHER_EXAMPLE, severityOf } from '../diagnostics/codes.ts'
import { FUNCTION_DOCS } from '../functions.ts'
import { METRICS, type MetricSchema } from '../metrics.ts'
import type { ValueType } from '../plan.ts'
import { compileProject } from '../project.ts'
import { FIELDS, type FieldSchema, SUBJECTS } from '../schema.ts'

export function referencePage(): string {
  return `# Reference

Made from what the checker itself goes by (\`dsl/schema.ts\`, \`dsl/clauses.ts\`, \`dsl/functions.ts\`, \`dsl/metrics.ts\`, \`dsl/diagnostics/codes.ts\`) by \`npm run docs\`. The tour of
the language is [its first page](README.md); how it is written, down to the last token, [the grammar](grammar.md).

## Subjects

| subject | is | kind of span in the data |
| --- | --- | --- |
${SUBJECTS.map(({ name, doc, spanKind }) => `| \`${name}\` | ${doc} | ${spanKind === null ? '' : `\`${spanKind}\``} |`).join('\n')}

## Fields

A field marked (text) can be matched and redacted. Where it says always, a rule that reads the field needs no \`missing:\`.

| field | type | of | may be missing: | is |
| --- | --- | --- | --- | --- |
${FIELDS.map(fieldRow).join('\n')}

### Where they come from

Attributes of spans and resources, in the order in which they are tried. A field that has none here is part of every span: its times, its status, its name.

| field | OpenTelemetry | OpenInference |
| --- | --- | --- |
${FIELDS.flatMap(sourceRow).join('\n')}

## Clauses

${Object.keys(CLAUSES).map(clausesTable).join('\n\n')}

## Functions

| function | gives | is |
| --- | --- | --- |
${Object.values(FUNCTION_DOCS)
  .map(({ usage, result, doc }) => `| \`${cell(usage)}\` | ${result} | ${cell(doc)} |`)
  .join('\n')}

## Metrics

For \`metric:\` of offline evals: \`metric: answer_relevance(question: input.text, answer: output.text)\`. A ratio is compared with a percentage. With its version in the
hash of the measure, a change of how one is measured starts a new series.

| metric | of | takes | gives | is |
| --- | --- | --- | --- | --- |
${METRICS.map(metricRow).join('\n')}

## Diagnostics

\`assay explain E0207\` tells the long story of one, with an example. What is marked \`--fix\` has, in the case of its example, an edit that \`assay check --fix\`
makes unasked (\`--diff\` shows it). A comment \`# assay-allow W0310: reason\`, at the end of the line or on a line of its own above, keeps a warning that the
author has looked at, and those errors that are a judgement call: ${[...ALLOWABLE_ERRORS].join(', ')}. Without a reason (E0018) or anything to allow (E0019) it is an
error itself.

| code | is | says | |
| --- | --- | --- | --- |
${codes()
  .map((code) => `| ${code} | ${severityOf(code)} | ${cell(CODES[code].title)} | ${hasFix(code) ? '`--fix`' : ''} |`)
  .join('\n')}
`
}

function metricRow({ name, version, subjects, params, result, judgeCalls, doc }: MetricSchema): string {
  const takes = params.map(({ name: param, type, fallback, doc: is }) => {
    const form = type.kind === 'word' ? type.words.join(', ') : type.kind === 'int' ? `${type.low} to ${type.high}` : ''
    const notes = [form, fallback === null ? '' : `\`${fallback}\` unless said`].filter((note) => note !== '')
    return `\`${param}:\` ${is}${notes.length === 0 ? '' : ` (${notes.join('; ')})`}`
  })
  const of = subjects.length > 6 ? 'any' : subjects.map((subject) => `\`${subject}\``).join(' ')
  const calls = judgeCalls === 0 ? 'no judge' : `${judgeCalls} ${judgeCalls === 1 ? 'call' : 'calls'} of a judge`
  return `| \`${name}\` | ${of} | ${cell(takes.join('<br>'))} | ${result}, ${calls} | ${cell(doc)} Version ${version}. |`
}

function typeName(type: ValueType): string {
  if (type.kind === 'enum') return type.values.map((value) => `\`"${value}"\``).join(' ')
  return type.kind === 'money' ? `money (${type.currency})` : type.kind
}

function fieldRow({ path, type, subjects: owners, optional, text, doc }: FieldSchema): string {
  const spans = owners.filter((owner) => owner !== 'trace' && owner !== 'session').length === SUBJECTS.length - 2
  const all = owners.includes('session') ? 'all' : owners.includes('trace') ? 'all but `session`' : 'all spans'
  const of = spans ? all : owners.map((owner) => `\`${owner}\``).join(' ')
  return `| \`${path}\`${text ? ' (text)' : ''} | ${typeName(type)} | ${of} | ${optional ?? 'always there'} | ${doc} |`
}

function sourceRow({ path, attributes }: FieldSchema): string[] {
  const names = (list: readonly string[] | undefined): string => (list ?? []).map((name) => `\`${name}\``).join(', ')
  const { otel, openinference } = attributes
  return otel || openinference ? [`| \`${path}\` | ${names(otel)} | ${names(openinference)} |`] : []
}

function clausesTable(kind: string): string {
  const { required, optional } = CLAUSES[kind as keyof typeof CLAUSES]
  const rows = (keys: readonly string[], must: string): string[] =>
    keys.map((key) => {
      const doc = clauseDoc(kind, key)
      const form =
        doc === null
          ? ''
          : `\`${cell(doc.snippet.replace(/<([^>]*)>/g, (_, place: string) => place.replaceAll('|', ' or ') || '…').replaceAll('\n', ' '))}\``
      return `| \`${key}:\` | ${must} | ${form} | ${cell(doc?.doc ?? '')} |`
    })
  return `### ${kind}

| clause | | such as | is |
| --- | --- | --- | --- |
${[...rows(required, 'required'), ...rows(optional, '')].join('\n')}`
}

function codes(): Code[] {
  return (Object.keys(CODES) as Code[]).sort((a, b) => (a.slice(1) < b.slice(1) ? -1 : 1))
}

function hasFix(code: Code): boolean {
  const files: Readonly<Record<string, string>> = { './other.eval': OTHER_EXAMPLE }
  const { diagnostics } = compileProject({
    files: [{ path: 'shop.eval', text: CODES[code].example }],
    readImport: (_from, specifier) => {
      const text = files[specifier]
      return text === undefined ? null : { path: specifier, text }
    },
  })
  return diagnostics.some((diagnostic) => diagnostic.code === code && diagnostic.fix?.edit !== undefined)
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|')
}
