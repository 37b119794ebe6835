export interface CompareSearch {
  left?: string
  right?: string
}

const traceId = (value: unknown): string | undefined =>
  typeof value === 'string' && /^[0-9a-f]{32}$/i.test(value) ? value.toLowerCase() : undefined

export function parseCompareSearch(search: Record<string, unknown>): CompareSearch {
  const [left, right] = [traceId(search.left), traceId(search.right)]
  return { ...(left !== undefined && { left }), ...(right !== undefined && { right }) }
}
