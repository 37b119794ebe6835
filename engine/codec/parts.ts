/** The version of the form, and strict parsers of the parts of a result that have a shape of their own. */
import type { Evidence, Judgement, Reason } from '../model/result.ts'

export const RESULTS_VERSION = 1

/** A bad record, not a bug: never leaves `engine/codec/`. */
export class PartError extends Error {
  override readonly name = 'PartError'
}

type Fields = Readonly<Record<string, unknown>>

export function parseReason(value: unknown): Reason {
  const fields = objectOf('a reason', value)
  const { code } = fields
  switch (code) {
    case 'not_captured':
      return { code, field: textOf(fields, 'field') }
    case 'truncated': {
      const field = optionalTextOf(fields, 'field')
      return field === undefined ? { code } : { code, field }
    }
    case 'refused':
    case 'over_budget':
      return { code }
    case 'abstained': {
      const detail = optionalTextOf(fields, 'detail')
      return detail === undefined ? { code } : { code, detail }
    }
    case 'nothing_to_measure':
    case 'wrong_type':
    case 'judge_unreachable':
    case 'judge_malformed':
    case 'given_up':
    case 'pass_because':
      return { code, detail: textOf(fields, 'detail') }
    default:
      throw new PartError(`a reason has the code ${JSON.stringify(code)}`)
  }
}

export function parseEvidenceList(value: unknown): readonly Evidence[] {
  if (!Array.isArray(value)) throw new PartError('evidence of a row is not a list')
  return value.map(parseEvidence)
}

function parseEvidence(value: unknown): Evidence {
  const fields = objectOf('an evidence', value)
  const spanId = optionalTextOf(fields, 'spanId')
  const evidence: Evidence = {
    field: textOf(fields, 'field'),
    start: offsetOf(fields, 'start'),
    end: offsetOf(fields, 'end'),
    pattern: textOf(fields, 'pattern'),
    masked: textOf(fields, 'masked'),
  }
  return spanId === undefined ? evidence : { ...evidence, spanId }
}

const JUDGEMENT_KINDS: Readonly<Record<Judgement['kind'], true>> = {
  claim: true,
  document: true,
  statement: true,
  citation: true,
  quote: true,
  judge: true,
  call: true,
  handoff: true,
  task: true,
  trace: true,
}

export function parseJudgementList(value: unknown): readonly Judgement[] {
  if (!Array.isArray(value)) throw new PartError('judgements of a row are not a list')
  return value.map(parseJudgement)
}

function parseJudgement(value: unknown): Judgement {
  const fields = objectOf('a judgement', value)
  const { kind, value: number } = fields
  if (!isJudgementKind(kind)) throw new PartError(`a judgement is of the kind ${JSON.stringify(kind)}`)
  if (number !== undefined && typeof number !== 'number') throw new PartError('value is not a number')
  const [quote, detail] = [optionalTextOf(fields, 'quote'), optionalTextOf(fields, 'detail')]
  return {
    kind,
    about: textOf(fields, 'about'),
    verdict: textOf(fields, 'verdict'),
    ...(number !== undefined && { value: number }),
    ...(quote !== undefined && { quote }),
    ...(detail !== undefined && { detail }),
  }
}

function isJudgementKind(kind: unknown): kind is Judgement['kind'] {
  return typeof kind === 'string' && Object.hasOwn(JUDGEMENT_KINDS, kind)
}

function objectOf(what: string, value: unknown): Fields {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new PartError(`${what} is not an object`)
  return value as Fields
}

function textOf(fields: Fields, name: string): string {
  const value = fields[name]
  if (typeof value !== 'string') throw new PartError(`${name} is not a text`)
  return value
}

function optionalTextOf(fields: Fields, name: string): string | undefined {
  return fields[name] === undefined ? undefined : textOf(fields, name)
}

function offsetOf(fields: Fields, name: string): number {
  const value = fields[name]
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0)
    throw new PartError(`${name} is not an offset`)
  return value
}
