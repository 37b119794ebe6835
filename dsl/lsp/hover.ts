/** What is known of the word at a place, in Markdown. */
import { CLAUSES, type DeclKind } from '../clauses.ts'
import { CODES, isCode } from '../diagnostics/codes.ts'
import type { Typed } from '../elaborate/context.ts'
import { FUNCTION_DOCS } from '../functions.ts'
import { findMetric } from '../metrics.ts'
import type { Module } from '../module.ts'
import type { EvalPlan, OfflineMethod } from '../plan.ts'
import type { Analysis } from '../project.ts'
import { fieldsOf } from '../schema.ts'
import type { Span } from '../source.ts'
import { typeName, writtenAs } from './describe.ts'
import type { Document } from './document.ts'
import { type Meaning, meaningAt, namesOf, type Target } from './names.ts'

export interface Hover {
  readonly markdown: string
  readonly span: Span
}

export function hoverAt(document: Document, analysis: Analysis, offset: number): Hover | null {
  const module = analysis.modules.get(document.path)
  if (module === undefined) return null
  const meaning = meaningAt(document, module, offset)
  if (meaning === null) return codeAt(document, offset)
  const markdown = describe(meaning, module, analysis)
  return markdown === '' ? null : { markdown, span: meaning.span }
}

function describe(meaning: Meaning, module: Module, analysis: Analysis): string {
  switch (meaning.kind) {
    case 'declared':
      return describeTarget(meaning.target, analysis)
    case 'field': {
      const { field, subject } = meaning
      const name = subject === null ? field.path : `${subject}.${field.path}`
      return paragraphs([
        code(`${name}: ${typeName(field.type)}`),
        field.doc,
        writtenAs(field.type),
        field.optional === null ? '' : `May be missing: ${field.optional}.`,
        sentAs(field.attributes.otel, 'OpenTelemetry'),
        sentAs(field.attributes.openinference, 'OpenInference'),
      ])
    }
    case 'subject': {
      const { name, doc } = meaning.subject
      const fields = fieldsOf(name).map((field) => `\`${field.path}\``)
      return paragraphs([code(`subject ${name}`), doc, fields.length === 0 ? '' : `Fields: ${fields.join(', ')}.`])
    }
    case 'function': {
      const doc = FUNCTION_DOCS[meaning.name]
      return doc === undefined
        ? ''
        : paragraphs([code(`${meaning.name}(…): ${doc.result}`), doc.doc, `Such as \`${doc.usage}\`.`])
    }
    case 'clause': {
      const { key, owner, doc } = meaning
      const required = CLAUSES[owner as DeclKind].required.includes(key) ? 'required' : 'optional'
      return paragraphs([code(`${key}:`), `${doc.doc}`, `A clause of \`${owner}\`, ${required}.`])
    }
    case 'file':
      return `\`${meaning.specifier}\``
    case 'score': {
      const plan = analysis.evals.find(
        (one) => one.file === module.path && one.name === meaning.declaration.name?.image,
      )
      return paragraphs([
        code(`score${plan === undefined ? '' : `: ${scoreType(plan)}`}`),
        'The value of `score:` of this eval.',
      ])
    }
  }
}

function scoreType(plan: EvalPlan): string {
  if (plan.kind === 'offline') {
    const { method } = plan
    if (method.kind === 'metric') return findMetric(method.metric.name)?.result ?? 'number'
    return `number from ${method.scale.low} to ${method.scale.high}`
  }
  return plan.score === null ? 'none' : exprType(plan.score)
}

function exprType(expr: { op: string }): string {
  if ('type' in expr) return typeName(expr.type as Typed['type'])
  return ['length', 'repeats'].includes(expr.op) ? 'int' : 'bool'
}

function describeTarget(target: Target, analysis: Analysis): string {
  const home = analysis.modules.get(target.path)
  if (home === undefined) return ''
  const where = home.packageName === '' ? '' : `Package \`${home.packageName}\`, ${fileOf(target.path)}.`
  if (target.space === 'import') {
    const link = home.imports.get(target.name)
    const names = link?.module == null ? [] : namesOf(link.module).flatMap(([, found]) => [...found.keys()])
    const specifier = link?.decl.specifier.value ?? ''
    return paragraphs([
      code(`import ${target.name} from "${specifier}"`),
      commentAbove(link?.module ?? null, 0),
      names.length === 0 ? '' : `It has: ${names.map((name) => `\`${name}\``).join(', ')}.`,
    ])
  }
  if (target.space === 'test') return code(`test "${target.name}"`)
  const decl = home.names[target.space].get(target.name)
  if (decl === undefined) return ''
  const comment = commentAbove(home, decl.span.start)
  switch (decl.kind) {
    case 'const': {
      const value = home.reporter.source.text.slice(decl.value.span.start, decl.value.span.end)
      const { type } = analysis.constant(home, target.name)
      return paragraphs([code(`const ${target.name}: ${typeName(type)} = ${value}`), comment, where])
    }
    case 'eval':
    case 'alert': {
      const plan = analysis.evals.find((one) => one.id === `${home.packageName}/${target.name}`)
      const head = decl.kind === 'alert' ? `alert ${target.name}` : `${decl.mode} eval ${target.name}`
      return paragraphs([code(head), comment, plan === undefined ? '' : describeEval(plan), where])
    }
    default:
      return paragraphs([code(firstLines(home, decl.span)), comment, where])
  }
}

function methodText({ kind, judge, ...method }: OfflineMethod): string {
  const by = judge === null ? '' : ` by ${judge.models.join(', ')}`
  return kind === 'metric' && 'metric' in method ? `Measured as \`${method.metric.name}\`${by}` : `Judged${by}`
}

function describeEval(plan: EvalPlan): string {
  const lines = [
    plan.title === null ? '' : `**${plan.title}**`,
    plan.owner === null ? '' : `Owner ${plan.owner}`,
    plan.mode === 'shadow' ? 'In shadow: it notifies nobody.' : '',
    plan.kind === 'offline'
      ? `${methodText(plan.method)}${plan.proxy === undefined ? '' : `, or else by the proxy \`${plan.proxy.name}\``} on \`${plan.schedule.cron}\` (${plan.schedule.timeZone}), ${scoreType(plan)}.`
      : `Of each \`${plan.scope.subject}\`, judged ${plan.when === 'arrival' ? 'as it arrives' : 'when its trace settles'}${plan.score === null ? '' : `; score: ${scoreType(plan)}`}.`,
  ]
  return lines.filter((line) => line !== '').join('  \n')
}

/** The comment lines right above a place. */
function commentAbove(module: Module | null, offset: number): string {
  if (module === null) return ''
  const { source } = module.reporter
  const lines: string[] = []
  if (offset === 0) {
    for (let line = 1; source.line(line).startsWith('#'); line++) lines.push(source.line(line))
  } else {
    for (let line = source.position(offset).line - 1; line > 0 && source.line(line).startsWith('#'); line--)
      lines.unshift(source.line(line))
  }
  return lines.map((line) => line.replace(/^#+ ?/, '')).join('\n')
}

function firstLines(module: Module, span: Span): string {
  const text = module.reporter.source.text.slice(span.start, span.end)
  const lines = text
    .split('\n')
    .slice(0, 6)
    .map((line) => (line.length > 120 ? `${line.slice(0, 119)}…` : line))
  return lines.join('\n')
}

function fileOf(path: string): string {
  return `\`${path.split(/[/\\]/).at(-1) ?? path}\``
}

function sentAs(attributes: readonly string[] | undefined, convention: string): string {
  return attributes === undefined ? '' : `${convention}: ${attributes.map((name) => `\`${name}\``).join(', ')}`
}

function code(text: string): string {
  return `\`\`\`eval\n${text}\n\`\`\``
}

function paragraphs(parts: readonly string[]): string {
  return parts.filter((part) => part !== '').join('\n\n')
}

/** A diagnostic's code in a comment, as `# assay-allow E0310: …` names it. */
function codeAt(document: Document, offset: number): Hover | null {
  const start = document.text.slice(0, offset).search(/\b[EW]?\d*$/)
  const found = /^[EW]\d{4}\b/.exec(document.text.slice(start, start + 5))?.[0]
  if (found === undefined || !isCode(found)) return null
  const { title, story } = CODES[found]
  return { markdown: `**${found}** ${title}\n\n${story}`, span: { start, end: start + found.length } }
}
