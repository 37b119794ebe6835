/** The OpenAPI 3.1 description of the API, from its table of routes and its schemas. */
import { z } from 'zod'
import * as integritySchemas from '../integrity-schemas.ts'
import * as offlineSchemas from '../offline-schemas.ts'
import { OPERATIONS, type Operation } from '../operations.ts'
import { ROUTES, type RouteEntry } from '../route-table.ts'
import * as schemas from '../schemas.ts'
import * as streamSchemas from '../stream-schemas.ts'

/** A schema of JSON Schema 2020-12, as far as this API's go. */
export interface JsonSchema {
  readonly $ref?: string
  readonly type?: string | readonly string[]
  readonly description?: string
  readonly properties?: Readonly<Record<string, JsonSchema>>
  readonly required?: readonly string[]
  readonly additionalProperties?: boolean | JsonSchema
  readonly items?: JsonSchema
  readonly enum?: readonly unknown[]
  readonly const?: unknown
  readonly anyOf?: readonly JsonSchema[]
  readonly oneOf?: readonly JsonSchema[]
  readonly allOf?: readonly JsonSchema[]
}

export interface Parameter {
  readonly name: string
  readonly in: 'path' | 'query' | 'header'
  readonly required: boolean
  readonly schema: JsonSchema
}

interface Content {
  readonly content: Readonly<Record<string, { readonly schema: JsonSchema; readonly 'x-item-schema'?: JsonSchema }>>
}

export interface OperationObject {
  readonly operationId: string
  readonly summary: string
  readonly tags: readonly string[]
  readonly parameters: readonly Parameter[]
  readonly requestBody?: Content & { readonly required: boolean }
  readonly responses: Readonly<Record<string, Content & { readonly description: string }>>
  readonly security?: readonly never[]
  /** What the key or the session has to be good for. */
  readonly 'x-permission': RouteEntry['permission']
}

export interface ApiDescription {
  readonly openapi: '3.1.0'
  readonly info: { readonly title: string; readonly version: string; readonly description: string }
  readonly paths: Readonly<Record<string, Readonly<Record<string, OperationObject>>>>
  readonly components: {
    readonly schemas: Readonly<Record<string, JsonSchema>>
    readonly securitySchemes: Readonly<Record<string, object>>
  }
  readonly security: readonly Readonly<Record<string, readonly string[]>>[]
}

const REF = '#/components/schemas/'

export function describeApi(): ApiDescription {
  const names = new Map<z.ZodType, string>()
  for (const [name, schema] of Object.entries({
    ...schemas,
    ...offlineSchemas,
    ...integritySchemas,
    ...streamSchemas,
  })) {
    if (name.endsWith('Schema') && schema instanceof z.ZodType) names.set(schema, componentName(name))
  }
  const paths: Record<string, Record<string, OperationObject>> = {}
  for (const route of ROUTES) {
    const operation = OPERATIONS[`${route.method} ${route.path}`]
    if (operation === undefined) throw new Error(`${route.method} ${route.path} is not among the operations`)
    const path = route.path.replace(/:(\w+)/g, '{$1}')
    paths[path] ??= {}
    paths[path][route.method.toLowerCase()] = describe(route, operation, names)
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Assay',
      version: '1',
      description: 'Traces, verdicts and definitions of one tenant: that of the key which is sent.',
    },
    paths,
    components: {
      schemas: components(names),
      securitySchemes: { key: { type: 'http', scheme: 'bearer' } },
    },
    security: [{ key: [] }, {}],
  }
}

/** `resultsResponseSchema` is `ResultsResponse`. */
const componentName = (name: string): string => `${name[0]!.toUpperCase()}${name.slice(1, -'Schema'.length)}`

function components(names: ReadonlyMap<z.ZodType, string>): Record<string, JsonSchema> {
  const registry = z.registry<{ id: string }>()
  for (const [schema, id] of names) registry.add(schema, { id })
  const made = z.toJSONSchema(registry, { uri: (id) => `${REF}${id}` }).schemas
  return Object.fromEntries(Object.entries(made).map(([id, schema]) => [id, plain(schema)]))
}

function describe(route: RouteEntry, operation: Operation, names: ReadonlyMap<z.ZodType, string>): OperationObject {
  const { id, query, headers = [], body, gives, status = 200, knownStatus } = operation
  const inPath = [...route.path.matchAll(/:(\w+)/g)].map(([, name]): Parameter => {
    return { name: name!, in: 'path', required: true, schema: { type: 'string' } }
  })
  const answer: Content =
    gives instanceof z.ZodType
      ? { content: { 'application/json': { schema: schemaOf(gives, names, 'output') } } }
      : {
          content: {
            [gives.mediaType]: {
              schema: { type: 'string' },
              ...(gives.itemSchema !== undefined && { 'x-item-schema': schemaOf(gives.itemSchema, names, 'output') }),
            },
          },
        }
  return {
    operationId: id,
    summary: route.gives,
    tags: [route.path.split('/')[route.path.startsWith('/v1/') ? 2 : 1] || 'index'],
    parameters: [
      ...inPath,
      ...(query === undefined ? [] : queryParameters(query)),
      ...headers.map((name): Parameter => ({ name, in: 'header', required: false, schema: { type: 'string' } })),
    ],
    ...(body !== undefined && {
      requestBody: {
        required: !(body instanceof z.ZodOptional),
        content: { 'application/json': { schema: schemaOf(body, names, 'input') } },
      },
    }),
    responses: {
      [status]: { description: route.gives, ...answer },
      ...(knownStatus !== undefined && {
        [knownStatus]: { description: 'it was there already: nothing was added', ...answer },
      }),
      default: {
        description: 'what is wrong (RFC 9457)',
        content: { 'application/problem+json': { schema: { $ref: `${REF}Problem` } } },
      },
    },
    ...(route.permission === 'public' && { security: [] }),
    'x-permission': route.permission,
  }
}

function queryParameters(query: z.ZodObject): Parameter[] {
  const { properties = {}, required = [] } = schemaOf(query, new Map(), 'input')
  return Object.entries(properties).map(([name, schema]) => ({
    name,
    in: 'query',
    required: required.includes(name),
    schema,
  }))
}

function schemaOf(schema: z.ZodType, names: ReadonlyMap<z.ZodType, string>, io: 'input' | 'output'): JsonSchema {
  const name = names.get(schema)
  if (name !== undefined) return { $ref: `${REF}${name}` }
  // Compiled definitions are checked by their own hash, not by a schema.
  return plain(z.toJSONSchema(schema, { io, unrepresentable: 'any' }))
}

/** Without what stands for one document a schema, and the bounds of every safe integer. */
function plain(value: unknown): JsonSchema {
  return JSON.parse(
    JSON.stringify(value, (key, inner: unknown) => {
      if (key === '$schema' || key === '$id' || key === 'id') return typeof inner === 'string' ? undefined : inner
      if ((key === 'minimum' || key === 'maximum') && Math.abs(Number(inner)) === Number.MAX_SAFE_INTEGER)
        return undefined
      return inner
    }),
  ) as JsonSchema
}
