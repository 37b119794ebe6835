/** Values of a statement written into it, for the engine in process. */

const PLACEHOLDER = /\{(\w+):([A-Z]\w*(?:\(\w+\))?)\}/g

/**
 * Each `{name:Type}` as a literal of that type. The engine's own parameters are the process's, and not the connection's: with them no two
 * statements may run at a time.
 */
export function withLiterals(query: string, params: Readonly<Record<string, unknown>> = {}): string {
  return query.replace(PLACEHOLDER, (placeholder, name: string, type: string) => {
    // Not named: the engine says so, and where.
    if (!Object.hasOwn(params, name)) return placeholder
    const value = params[name]
    if (type === 'String') return text(String(scalar(value)))
    const written = Array.isArray(value) ? `[${value.map(element).join(',')}]` : element(value)
    return `CAST(${written}, '${type}')`
  })
}

const element = (value: unknown): string => {
  const known = scalar(value)
  return typeof known === 'string' ? text(known) : String(known)
}

function scalar(value: unknown): string | number {
  if (typeof value === 'string' || (typeof value === 'number' && Number.isFinite(value))) return value
  throw new TypeError(`a ${typeof value} (${String(value)}) cannot be written into a statement`)
}

/** Letters, digits and little else as they are, and every other byte by its number: nothing in it ends the literal or the statement. */
function text(value: string): string {
  if (/^[\w .:/@-]*$/.test(value) && !value.includes('--')) return `'${value}'`
  const bytes = Array.from(Buffer.from(value), (byte) =>
    // Digits and letters.
    (byte >= 48 && byte <= 57) || (byte >= 65 && byte <= 90) || (byte >= 97 && byte <= 122)
      ? String.fromCharCode(byte)
      : `\\x${byte.toString(16).padStart(2, '0')}`,
  )
  return `'${bytes.join('')}'`
}
