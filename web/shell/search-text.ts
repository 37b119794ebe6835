/**
 * The search of an address: texts by name, each as it stands. What looks like a number is none: version 1.10 would be 1.1, and a session's
 * long number another one.
 */
export function parseSearch(text: string): Record<string, string> {
  return Object.fromEntries(new URLSearchParams(text))
}

export function stringifySearch(search: Readonly<Record<string, unknown>>): string {
  const params = new URLSearchParams()
  for (const [name, value] of Object.entries(search)) if (value !== undefined) params.append(name, String(value))
  return params.size === 0 ? '' : `?${params}`
}
