/** What is searched for, as the address has it: sent to the API as it stands. */

/** Fields of the search, with what people call them. */
export const FIELDS = [
  { name: 'text', label: 'Text' },
  { name: 'agent', label: 'Agent' },
  { name: 'version', label: 'Version' },
  { name: 'env', label: 'Environment' },
  { name: 'session', label: 'Session' },
  { name: 'user', label: 'User' },
  { name: 'model', label: 'Model' },
  { name: 'tool', label: 'Tool' },
  { name: 'status', label: 'Status' },
  { name: 'eval', label: 'Eval' },
  { name: 'verdict', label: 'Verdict' },
  { name: 'minMs', label: 'At least ms' },
  { name: 'maxMs', label: 'At most ms' },
  { name: 'minUsd', label: 'At least $' },
] as const

export type FieldName = (typeof FIELDS)[number]['name']
export type TracesSearch = Partial<Record<FieldName | 'since', string>>

export function parseTracesSearch(search: Record<string, unknown>): TracesSearch {
  const parsed: TracesSearch = {}
  for (const name of ['since', ...FIELDS.map((field) => field.name)] as const) {
    const value = search[name]
    if ((typeof value === 'string' && value !== '') || typeof value === 'number') parsed[name] = String(value)
  }
  return parsed
}
