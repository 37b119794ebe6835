import type { AlertStateJson } from '../../../client/api.ts'

const WORDS: Readonly<Record<AlertStateJson['state'], string>> = {
  pending: 'when it began',
  firing: 'when it fired',
  resolved: 'when it was over',
  inactive: 'when it was over',
}

/** Of which moment an alert's numbers are: those of its last change of state, and not of now. */
export function valueAsOf(state: AlertStateJson['state'], as: 'text' | 'head'): string {
  const words = WORDS[state]
  return as === 'text' ? words : `${words[0]?.toUpperCase()}${words.slice(1)}`
}
