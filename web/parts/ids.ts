/** `support/no_pii` as the parts of an address: of evals, alerts and scorecards. */
export function packageAndName(id: string): { packageName: string; name: string } {
  const slash = id.indexOf('/')
  return { packageName: id.slice(0, slash), name: id.slice(slash + 1) }
}
