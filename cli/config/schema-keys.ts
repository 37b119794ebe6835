/** Looks into a zod schema for the keys that it knows, so that an unknown one can be told what was meant. */

/** The keys that the schema has at a path; below a record or a list, those of its values. */
export function keysAt(schema: unknown, path: readonly PropertyKey[]): string[] {
  let at = schema
  for (const step of path) {
    const shape = shapeOf(at)
    at = shape === null ? elementOf(at) : shape[String(step)]
  }
  return Object.keys(shapeOf(at) ?? {})
}

function unwrapped(schema: unknown): Record<string, unknown> {
  let at = schema
  while (isRecord(at) && isRecord(at.def) && (isRecord(at.def.innerType) || isRecord(at.def.in)))
    at = at.def.innerType ?? at.def.in
  return isRecord(at) && isRecord(at.def) ? at.def : {}
}

function shapeOf(schema: unknown): Record<string, unknown> | null {
  const { shape } = unwrapped(schema)
  return isRecord(shape) ? shape : null
}

function elementOf(schema: unknown): unknown {
  const { valueType, element } = unwrapped(schema)
  return valueType ?? element
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null
}
