/** Which ClickHouse servers Assay works with. */

/** The oldest that was looked at for all that the schema and the queries use; the tests run a newer one. */
export const OLDEST_SERVER = { year: 25, month: 3 }

/** The server is older than all of what Assay was made for. */
export class ServerVersionError extends Error {
  override readonly name = 'ServerVersionError'
}

/** `version` as the server says it: `26.7.2.1`, or with a word of whoever built it. */
export function assertSupported(version: string): void {
  const [, year, month] = /^(\d+)\.(\d+)/.exec(version) ?? []
  const { year: oldestYear, month: oldestMonth } = OLDEST_SERVER
  if (year === undefined) {
    throw new ServerVersionError(
      `what answers is no ClickHouse server: it says that it has version ${JSON.stringify(version)}`,
    )
  }
  if (Number(year) > oldestYear || (Number(year) === oldestYear && Number(month) >= oldestMonth)) return
  throw new ServerVersionError(
    `the ClickHouse server has version ${version}; Assay needs ${oldestYear}.${oldestMonth} or newer: upgrade the server`,
  )
}
