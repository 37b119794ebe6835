/**
 * Makes `test/fixtures/schemas/kubernetes.json` from the OpenAPI description of a Kubernetes release, which is in its Go module
 * `k8s.io/kubernetes` as `api/openapi-spec/swagger.json`: `node scripts/kubernetes-schema.ts SWAGGER_JSON VERSION`. Only the kinds of
 * `deploy/kubernetes` and what they are made of, without descriptions; a key that there is not is refused, as the API server's
 * strict validation does.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const KINDS = [
  'io.k8s.api.apps.v1.Deployment',
  'io.k8s.api.autoscaling.v2.HorizontalPodAutoscaler',
  'io.k8s.api.core.v1.ConfigMap',
  'io.k8s.api.core.v1.Namespace',
  'io.k8s.api.core.v1.Service',
  'io.k8s.api.core.v1.ServiceAccount',
  'io.k8s.api.networking.v1.NetworkPolicy',
  'io.k8s.api.policy.v1.PodDisruptionBudget',
]

type Json = string | number | boolean | null | Json[] | { [key: string]: Json }
type Definition = { [key: string]: Json }

/** Written as text or as a number; OpenAPI calls them texts. */
const TEXT_OR_NUMBER: Readonly<Record<string, Definition>> = {
  'io.k8s.apimachinery.pkg.util.intstr.IntOrString': { type: ['string', 'integer'] },
  'io.k8s.apimachinery.pkg.api.resource.Quantity': { type: ['string', 'number'] },
}

/** Nothing of ours is in them, and they are large. */
const LEFT_OUT = new Set(['managedFields', 'ephemeralContainers', 'status'])

const REF = '#/definitions/'

function isObject(value: Json | undefined): value is Definition {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** The schema without words, and the names that it refers to. */
function strip(schema: Json, refs: Set<string>): Json {
  if (Array.isArray(schema)) return schema.map((item) => strip(item, refs))
  if (!isObject(schema)) return schema
  const out: Definition = {}
  for (const [key, value] of Object.entries(schema)) {
    if (key === 'description' || key === 'default' || key === 'format' || key.startsWith('x-kubernetes-')) continue
    if (key === '$ref' && typeof value === 'string') refs.add(value.slice(REF.length))
    if (key === 'properties' && isObject(value)) {
      const kept = Object.entries(value).filter(([name]) => !LEFT_OUT.has(name))
      out.properties = Object.fromEntries(kept.map(([name, property]) => [name, strip(property, refs)]))
      out.additionalProperties = false
    } else out[key] = strip(value, refs)
  }
  return out
}

const [file, version] = process.argv.slice(2)
if (file === undefined || version === undefined) {
  process.stderr.write('usage: node scripts/kubernetes-schema.ts SWAGGER_JSON VERSION\n')
  process.exit(2)
}
const { definitions: all } = JSON.parse(readFileSync(file, 'utf8')) as { definitions: Record<string, Definition> }
const definitions: Record<string, Json> = {}
const waiting = [...KINDS]
for (let name = waiting.pop(); name !== undefined; name = waiting.pop()) {
  if (name in definitions) continue
  const definition = all[name]
  if (definition === undefined) throw new Error(`${file} has no ${name}`)
  const refs = new Set<string>()
  definitions[name] = TEXT_OR_NUMBER[name] ?? strip(definition, refs)
  waiting.push(...refs)
}
for (const name of KINDS) {
  const definition = definitions[name] as Definition
  const [kind] = (all[name]?.['x-kubernetes-group-version-kind'] ?? []) as [
    { group: string; kind: string; version: string },
  ]
  const { properties } = definition
  if (kind === undefined || !isObject(properties)) throw new Error(`${name} is no kind`)
  properties.apiVersion = { const: kind.group === '' ? kind.version : `${kind.group}/${kind.version}` }
  properties.kind = { const: kind.kind }
  definition.required = ['apiVersion', 'kind', 'metadata']
}
const schema = {
  $comment: `Made from the OpenAPI description of Kubernetes ${version} (Apache-2.0) by scripts/kubernetes-schema.ts`,
  kinds: Object.fromEntries(KINDS.map((name) => [name.split('.').at(-1), `${REF}${name}`])),
  definitions: Object.fromEntries(Object.entries(definitions).sort(([a], [b]) => (a < b ? -1 : 1))),
}
writeFileSync(
  join(import.meta.dirname, '..', 'test', 'fixtures', 'schemas', 'kubernetes.json'),
  `${JSON.stringify(schema)}\n`,
)
