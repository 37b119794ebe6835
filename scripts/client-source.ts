/** The typed client of the API, from its description: a type for each schema, a method for each operation. */
import { describeApi, type JsonSchema, type OperationObject } from '../server/openapi/describe-api.ts'

const HEAD = `/** Made by \`npm run docs\` from the API's description (server/openapi): do not edit. */
import type { Request } from './request.ts'
`

export function clientSource(): string {
  const { paths, components } = describeApi()
  const types = Object.entries(components.schemas).map(
    ([name, schema]) => `export type ${name} = ${typeOf(schema, '')}\n`,
  )
  const methods = Object.entries(paths).flatMap(([path, byMethod]) =>
    Object.entries(byMethod)
      .filter(([, operation]) => !isStream(operation))
      .map(([method, operation]) => methodOf(method.toUpperCase(), path, operation)),
  )
  return `${HEAD}
${types.join('\n')}
export type Api = ReturnType<typeof createApi>

/** A method for each operation; they reject with \`ApiProblem\`. */
export const createApi = (request: Request) => ({
${methods.join('')}})
`
}

/** `client/subscribe.ts` is for these: their answers have no end. */
const isStream = ({ responses }: OperationObject): boolean =>
  Object.values(responses).some(({ content }) => 'text/event-stream' in content)

function methodOf(method: string, path: string, operation: OperationObject): string {
  const inPath = operation.parameters.filter((one) => one.in === 'path')
  const inQuery = operation.parameters.filter((one) => one.in === 'query')
  const body = operation.requestBody?.content['application/json']?.schema
  const parameters = inPath.map(({ name }) => `${argument(name)}: string`)
  const isBodyRequired = operation.requestBody?.required === true
  if (body !== undefined) parameters.push(`body${isBodyRequired ? '' : '?'}: ${typeOf(body, '  ')}`)
  if (inQuery.length > 0) {
    const fields = inQuery.map(({ name, required, schema }) => `${name}${required ? '' : '?'}: ${queryType(schema)}`)
    const isOptional = inQuery.every(({ required }) => !required)
    parameters.push(`query: { ${fields.join('; ')} }${isOptional ? ' = {}' : ''}`)
  }
  parameters.push('signal?: AbortSignal')
  const [status = ''] = Object.keys(operation.responses)
  const [[mediaType, { schema }] = ['', { schema: {} }]] = Object.entries(operation.responses[status]!.content)
  const result = mediaType === 'application/json' ? typeOf(schema, '  ') : 'string'
  const url = `\`${path.replace(/\{(\w+)\}/g, (_, name: string) => `\${encodeURIComponent(${argument(name)})}`)}\``
  const sent = [inQuery.length > 0 ? 'query' : '', body !== undefined ? 'body' : '', 'signal']
    .filter(Boolean)
    .join(', ')
  return `  /** ${operation.summary} */
  ${operation.operationId}: (${parameters.join(', ')}): Promise<${result}> =>
    request('${method}', ${url}, { ${sent} }),
`
}

/** Words of the language cannot name one. */
const argument = (name: string): string => (name === 'package' ? 'packageName' : name)

/** In an address everything is text; a number may be given as one. */
function queryType(schema: JsonSchema): string {
  if (schema.enum !== undefined) return `${typeOf(schema, '')} | undefined`
  return 'string | number | undefined'
}

function typeOf(schema: JsonSchema, indent: string): string {
  if (schema.$ref !== undefined) return schema.$ref.slice(schema.$ref.lastIndexOf('/') + 1)
  if (schema.const !== undefined) return JSON.stringify(schema.const)
  if (schema.enum !== undefined) return schema.enum.map((value) => JSON.stringify(value)).join(' | ')
  const union = schema.anyOf ?? schema.oneOf
  if (union !== undefined) return union.map((one) => typeOf(one, indent)).join(' | ')
  if (schema.allOf !== undefined) return schema.allOf.map((one) => typeOf(one, indent)).join(' & ')
  if (Array.isArray(schema.type))
    return schema.type.map((type: string) => typeOf({ ...schema, type }, indent)).join(' | ')
  switch (schema.type) {
    case 'object':
      return objectType(schema, indent)
    case 'array': {
      const item = typeOf(schema.items ?? {}, indent)
      return /[|&]/.test(item) && !item.startsWith('{') ? `(${item})[]` : `${item}[]`
    }
    case 'integer':
      return 'number'
    case 'string':
    case 'number':
    case 'boolean':
    case 'null':
      return schema.type
    default:
      return 'unknown'
  }
}

function objectType({ properties = {}, required = [], additionalProperties }: JsonSchema, indent: string): string {
  const inner = `${indent}  `
  const fields = Object.entries(properties).map(
    ([name, schema]) =>
      `${inner}${/^\w+$/.test(name) ? name : JSON.stringify(name)}${required.includes(name) ? '' : '?'}: ${typeOf(schema, inner)}\n`,
  )
  const rest = typeof additionalProperties === 'object' ? typeOf(additionalProperties, inner) : null
  if (fields.length === 0) return rest === null ? 'Record<string, unknown>' : `Record<string, ${rest}>`
  const open = rest === 'unknown' ? `${inner}[key: string]: unknown\n` : ''
  return `{\n${fields.join('')}${open}${indent}}`
}
