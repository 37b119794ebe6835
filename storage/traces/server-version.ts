/** Which ClickHouse servers Assay works with. */

export interface ServerVersion {
  readonly year: number
  readonly month: number
}

/** The oldest that was looked at for all that the schema and the queries use; the tests run a newer one. */
export const OLDEST_SERVER: ServerVersion = { year: 25, month: 3 }

/** The server is older than all of what Assay was made for. */
export class ServerVersionError extends Error {
  override readonly name = 'ServerVersionError'
}

/** `version` as the server says it: `26.7.2.1`, or with a word of whoever built it. */
export function assertSupported(version: string): void {
  if (parseVersion(version) === null) {
    throw new ServerVersionError(
      `what answers is no ClickHouse server: it says that it has version ${JSON.stringify(version)}`,
    )
  }
  if (isSince(version, OLDEST_SERVER)) return
  throw new ServerVersionError(
    `the ClickHouse server has version ${version}; Assay needs ${OLDEST_SERVER.year}.${OLDEST_SERVER.month} or newer: upgrade the server`,
  )
}

/** Whether the server is of `oldest` or newer. One that is not known counts as the newest. */
export function isSince(version: string, oldest: ServerVersion): boolean {
  const known = parseVersion(version)
  if (known === null) return true
  return known.year > oldest.year || (known.year === oldest.year && known.month >= oldest.month)
}

function parseVersion(version: string): ServerVersion | null {
  const [, year, month] = /^(\d+)\.(\d+)/.exec(version) ?? []
  return year === undefined ? null : { year: Number(year), month: Number(month) }
}
