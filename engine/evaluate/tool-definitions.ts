/** The tools that models were given, as the conventions of the field tell them on spans. */
import { plainJson } from '../conventions/json.ts'
import type { Attributes, AttributeValue } from '../model/span.ts'
import { parseJson } from '../parse-json.ts'
import type { ProjectedSpan } from './subject.ts'
import { byStart } from './trace-view.ts'

export interface ToolDefinition {
  readonly name: string
  /** JSON Schema of its arguments, as JSON text; undefined where none was told. */
  readonly schema: string | undefined
}

/** The definition of a tool that was in force when a span began: the latest before it, else the first. */
export interface ToolDefinitions {
  readonly isEmpty: boolean
  of(name: string, span: ProjectedSpan): ToolDefinition | undefined
}

const OF_OPENTELEMETRY = 'gen_ai.tool.definitions'
/** What a reason says was not captured. */
export const TOOL_DEFINITIONS = `attr("${OF_OPENTELEMETRY}")`

export function toolDefinitionsIn(spans: readonly ProjectedSpan[]): ToolDefinitions {
  const byName = new Map<string, { span: ProjectedSpan; definition: ToolDefinition }[]>()
  for (const span of [...spans].sort(byStart)) {
    for (const definition of definitionsOn(span)) {
      const told = byName.get(definition.name)
      if (told === undefined) byName.set(definition.name, [{ span, definition }])
      else if (told.at(-1)?.definition.schema !== definition.schema) told.push({ span, definition })
    }
  }
  return {
    isEmpty: byName.size === 0,
    of: (name, call) => {
      const told = byName.get(name) ?? []
      return (told.findLast(({ span }) => byStart(span, call) < 0) ?? told[0])?.definition
    },
  }
}

function definitionsOn({ attributes }: ProjectedSpan): ToolDefinition[] {
  if (attributes === undefined || attributes.size === 0) return []
  return [
    // OpenTelemetry GenAI, and the AI SDK before its version 7.
    ...[OF_OPENTELEMETRY, 'ai.prompt.tools'].flatMap((key) => itemsOf(attributes.get(key))),
    // Pydantic AI before it followed OpenTelemetry.
    ...itemsOf(property(jsonOf(attributes.get('model_request_parameters')), 'function_tools')),
    ...numbered(attributes),
  ].flatMap(readDefinition)
}

/** `llm.tools.0.tool.json_schema` of OpenInference; `llm.request.functions.0.name` and `.parameters` of OpenLLMetry. */
function numbered(attributes: Attributes): unknown[] {
  const found: unknown[] = []
  for (const [key, value] of attributes) {
    if (OPENINFERENCE.test(key)) found.push(jsonOf(value))
    else if (OPENLLMETRY.test(key))
      found.push({ name: value, parameters: jsonOf(attributes.get(key.replace(/name$/, 'parameters'))) })
  }
  return found
}

const OPENINFERENCE = /^llm\.tools\.\d+\.tool\.json_schema$/
const OPENLLMETRY = /^llm\.request\.functions\.\d+\.name$/

function itemsOf(value: unknown): unknown[] {
  const json = jsonOf(value)
  return Array.isArray(json) ? json.map(jsonOf) : []
}

/** JSON as text, or as OpenTelemetry's structured values. */
function jsonOf(value: unknown): unknown {
  if (typeof value !== 'string') return value instanceof Map ? plainJson(value as AttributeValue) : value
  try {
    return parseJson(value)
  } catch {
    return undefined
  }
}

/** By the keys of the providers: of a function, of OpenAI's older nesting, of Anthropic, MCP, the AI SDK and Pydantic AI. */
function readDefinition(json: unknown): ToolDefinition[] {
  const told = property(json, 'function') ?? json
  const name = property(told, 'name')
  if (typeof name !== 'string' || name === '') return []
  const schema = SCHEMA_KEYS.map((key) => property(told, key)).find(
    (found) => typeof found === 'object' && found !== null,
  )
  return [{ name, schema: schema === undefined ? undefined : JSON.stringify(schema) }]
}

const SCHEMA_KEYS = ['parameters', 'inputSchema', 'input_schema', 'parameters_json_schema']

function property(value: unknown, key: string): unknown {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, key) ? Reflect.get(value, key) : undefined
}
