/** Which sessions are listed, as the address has it. */
export interface SessionsSearch {
  since?: string
  agent?: string
  user?: string
}

export function parseSessionsSearch(search: Record<string, unknown>): SessionsSearch {
  const parsed: SessionsSearch = {}
  for (const name of ['since', 'agent', 'user'] as const) {
    const value = search[name]
    if ((typeof value === 'string' && value !== '') || typeof value === 'number') parsed[name] = String(value)
  }
  return parsed
}
