/** Whether the arguments of a tool's call are what its JSON Schema asks for. Schemas come with traces: anybody wrote them. */
import { Ajv, type AnySchema, type ErrorObject, type Options, type ValidateFunction } from 'ajv'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { RE2JS } from 're2js'
import { parseJson } from '../parse-json.ts'

export type CallValidity =
  | { kind: 'valid' }
  /** In words of the schema: no value of the arguments is told. */
  | { kind: 'invalid'; detail: string }
  /** The schema is none, or is beyond what is looked at. */
  | { kind: 'undecided'; detail: string }

const MAX_SCHEMA_UNITS = 65_536
/** A service has some hundreds; compiling one costs a millisecond. */
const MAX_KNOWN_SCHEMAS = 1_000

/** Patterns in linear time: a schema of a stranger must not stall a worker. */
const linearRegExp = Object.assign(
  (source: string) => {
    const regex = RE2JS.compile(source)
    // Ajv tells patterns apart by their text.
    return { test: (text: string) => regex.test(text), toString: () => source }
  },
  { code: 'linearRegExp' },
)

const OPTIONS: Options = {
  // Keywords that are not known say nothing, as the standard has it.
  strict: false,
  validateSchema: false,
  // Formats are annotations; and what redaction masked has none.
  validateFormats: false,
  logger: false,
  addUsedSchema: false,
  code: { regExp: linearRegExp },
}

type Validator = { kind: 'known'; validate: ValidateFunction } | { kind: 'unusable'; detail: string }

const known = new Map<string, Validator>()

/** `schema`: JSON Schema as its JSON text (draft 7, 2019-09, 2020-12); `args`: a JSON value. */
export function toolCallValidity({ schema, args }: { schema: string; args: unknown }): CallValidity {
  const validator = validatorOf(schema)
  if (validator.kind === 'unusable') return { kind: 'undecided', detail: validator.detail }
  const { validate } = validator
  try {
    return validate(args) === true ? { kind: 'valid' } : { kind: 'invalid', detail: problemOf(validate.errors?.[0]) }
  } catch (error) {
    if (error instanceof RangeError) return { kind: 'undecided', detail: 'the arguments nest too deep' }
    throw error
  }
}

function validatorOf(schema: string): Validator {
  const found = known.get(schema)
  if (found !== undefined) return found
  const made = compile(schema)
  if (known.size >= MAX_KNOWN_SCHEMAS) known.clear()
  known.set(schema, made)
  return made
}

function compile(text: string): Validator {
  if (text.length > MAX_SCHEMA_UNITS) return { kind: 'unusable', detail: 'its schema is too long' }
  try {
    const { $schema, $id: _id, ...schema } = parseJson(text) as Record<string, unknown>
    if (!isBounded(schema)) return { kind: 'unusable', detail: 'its schema refers to itself, or is too large' }
    const isNew = typeof $schema === 'string' && /20(19|20)/.test($schema)
    // One each: what a compiler has compiled it keeps.
    const compiler = isNew ? new Ajv2020(OPTIONS) : new Ajv(OPTIONS)
    return { kind: 'known', validate: compiler.compile(schema as AnySchema) }
  } catch {
    return { kind: 'unusable', detail: 'its schema cannot be read' }
  }
}

const MAX_PARTS = 20_000

/** Whether its parts, with what they refer to in their place, are not too many: one that refers to itself may take for ever. */
function isBounded(schema: object): boolean {
  let left = MAX_PARTS
  const visit = (node: unknown): boolean => {
    if (typeof node !== 'object' || node === null) return true
    if (--left < 0) return false
    return Object.entries(node).every(([key, value]) => {
      if (key === '$dynamicRef' || key === '$recursiveRef') return false
      return visit(key === '$ref' && typeof value === 'string' ? targetOf(schema, value) : value)
    })
  }
  return visit(schema)
}

/** Of `#/$defs/order`. Other references have no target here, and Ajv refuses them. */
function targetOf(schema: object, reference: string): unknown {
  const [, ...path] = reference.split('/')
  return path.reduce<unknown>((node, part) => {
    const key = decodeURIComponent(part).replaceAll('~1', '/').replaceAll('~0', '~')
    return typeof node === 'object' && node !== null && Object.hasOwn(node, key) ? Reflect.get(node, key) : undefined
  }, schema)
}

/** `/items/0/price must be number`. */
function problemOf(error: ErrorObject | undefined): string {
  if (error === undefined) return 'it is not what the schema asks for'
  const { instancePath, message = 'is not what the schema asks for' } = error
  return `${instancePath === '' ? 'the arguments' : instancePath} ${message}`
}
