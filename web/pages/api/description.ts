/** The API as `/openapi.json` has it, as far as the page goes. */

export interface Schema {
  readonly $ref?: string
  readonly type?: string | readonly string[]
  readonly description?: string
  readonly properties?: Readonly<Record<string, Schema>>
  readonly required?: readonly string[]
  readonly items?: Schema
  readonly enum?: readonly unknown[]
  readonly const?: unknown
  readonly default?: unknown
  readonly anyOf?: readonly Schema[]
  readonly oneOf?: readonly Schema[]
}

export interface Parameter {
  readonly name: string
  readonly in: 'path' | 'query'
  readonly required: boolean
  readonly schema: Schema
}

type Content = Readonly<Record<string, { readonly schema: Schema }>>

interface Described {
  readonly operationId: string
  readonly summary: string
  readonly tags: readonly string[]
  readonly parameters: readonly Parameter[]
  readonly requestBody?: { readonly content: Content }
  readonly responses: Readonly<Record<string, { readonly content?: Content }>>
  readonly 'x-permission': string
}

export interface Description {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Described>>>>
  readonly components: { readonly schemas: Readonly<Record<string, Schema>> }
}

export interface Operation {
  readonly id: string
  readonly method: string
  readonly path: string
  readonly summary: string
  readonly tag: string
  /** `public`, or what it takes to be let in. */
  readonly permission: string
  readonly parameters: readonly Parameter[]
  readonly body: Schema | null
  readonly answer: Schema | null
}

const JSON_TYPE = 'application/json'

export function operationsOf({ paths }: Description): Operation[] {
  return Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, one]): Operation => {
      const [, success] = Object.entries(one.responses).find(([status]) => /^2/.test(status)) ?? []
      return {
        id: one.operationId,
        method: method.toUpperCase(),
        path,
        summary: one.summary,
        tag: one.tags[0] ?? '',
        permission: one['x-permission'],
        parameters: one.parameters,
        body: one.requestBody?.content[JSON_TYPE]?.schema ?? null,
        answer: success?.content?.[JSON_TYPE]?.schema ?? null,
      }
    }),
  )
}

/** By the first part of the address; those in whose words the text is. */
export function groupsOf(operations: readonly Operation[], text: string): Map<string, Operation[]> {
  const wanted = text.trim().toLowerCase()
  const found = operations.filter((one) =>
    `${one.method} ${one.path} ${one.summary} ${one.id}`.toLowerCase().includes(wanted),
  )
  return Map.groupBy(found, ({ tag }) => tag)
}

type Schemas = Description['components']['schemas']

const referred = (schema: Schema, schemas: Schemas): Schema =>
  schema.$ref === undefined ? schema : (schemas[schema.$ref.slice(schema.$ref.lastIndexOf('/') + 1)] ?? {})

const MAX_DEPTH = 6

/** A value of the shape, to begin with: what must be there. */
export function sampleOf(schema: Schema, schemas: Schemas, depth = 0): unknown {
  const { type, properties = {}, required = [], ...one } = referred(schema, schemas)
  if (one.default !== undefined) return one.default
  if (one.const !== undefined) return one.const
  if (one.enum !== undefined) return one.enum[0]
  const [first] = one.anyOf ?? one.oneOf ?? []
  if (first !== undefined) return sampleOf(first, schemas, depth)
  if (depth >= MAX_DEPTH) return null
  switch (typeof type === 'string' ? type : type?.[0]) {
    case 'object':
      return Object.fromEntries(required.map((name) => [name, sampleOf(properties[name] ?? {}, schemas, depth + 1)]))
    case 'array':
      return one.items === undefined ? [] : [sampleOf(one.items, schemas, depth + 1)]
    case 'number':
    case 'integer':
      return 0
    case 'boolean':
      return false
    case 'string':
      return ''
    default:
      return null
  }
}

/** The shape as one would write it down: `{ eval: string, limit?: number }`. */
export function shapeOf(schema: Schema, schemas: Schemas, depth = 0): string {
  const { type, properties, required = [], ...one } = referred(schema, schemas)
  if (one.const !== undefined) return JSON.stringify(one.const)
  if (one.enum !== undefined) return one.enum.map((value) => JSON.stringify(value)).join(' | ')
  const several = one.anyOf ?? one.oneOf
  if (several !== undefined) return several.map((each) => shapeOf(each, schemas, depth)).join(' | ')
  if (one.items !== undefined) return `${shapeOf(one.items, schemas, depth)}[]`
  if (properties === undefined) return [type ?? 'any'].flat().join(' | ')
  if (depth >= MAX_DEPTH) return '{ … }'
  const indent = '  '.repeat(depth + 1)
  const lines = Object.entries(properties).map(([name, value]) => {
    return `${indent}${name}${required.includes(name) ? '' : '?'}: ${shapeOf(value, schemas, depth + 1)}\n`
  })
  return `{\n${lines.join('')}${'  '.repeat(depth)}}`
}

/** The address with what was filled in; null while a part of the path is missing. */
export function addressOf({ path, parameters }: Operation, values: Readonly<Record<string, string>>): string | null {
  const query = new URLSearchParams()
  let address = path
  for (const { name, in: place, required } of parameters) {
    const value = values[name]?.trim() ?? ''
    if (value === '' && required) return null
    if (place === 'path') address = address.replace(`{${name}}`, encodeURIComponent(value))
    else if (value !== '') query.set(name, value)
  }
  return query.size === 0 ? address : `${address}?${query}`
}

/** The same from a shell. */
export function curlOf(method: string, url: string, body: string | null): string {
  const quoted = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`
  const parts = ['curl -sS', method === 'GET' ? '' : `-X ${method}`, '-H "Authorization: Bearer $ASSAY_KEY"']
  const sent = body === null ? [] : [`-H 'content-type: application/json'`, `-d ${quoted(body)}`]
  return [...parts, ...sent, quoted(url)].filter((part) => part !== '').join(' ')
}
