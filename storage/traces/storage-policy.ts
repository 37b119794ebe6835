/** Which of a server's storage policies has the cold volume. */
import type { RetentionSettings } from './retention.ts'

export interface StorageVolume {
  readonly policy_name: string
  readonly volume_name: string
}

/** The settings name a storage policy that the server does not have, or do not say which of several. */
export class StoragePolicyError extends Error {
  override readonly name = 'StoragePolicyError'
}

/** Null without one, which is fine unless the settings name it. `current`: what the tables are on. */
export function chooseStoragePolicy(
  volumes: readonly StorageVolume[],
  settings: RetentionSettings,
  current: string | null,
): string | null {
  const { storagePolicy: named, coldVolume } = settings
  const withCold = volumes.filter(({ volume_name }) => volume_name === coldVolume).map(({ policy_name }) => policy_name)
  if (named !== null) {
    if (withCold.includes(named)) return named
    const there = [...new Set(volumes.map(({ policy_name }) => policy_name))]
    throw new StoragePolicyError(
      there.includes(named)
        ? `the storage policy ${named} of the ClickHouse server has no volume ${coldVolume}: it has ${volumesOf(volumes, named)}`
        : `the ClickHouse server has no storage policy ${named}: it has ${there.join(', ')}`,
    )
  }
  if (withCold.length <= 1) return withCold[0] ?? null
  if (current !== null && withCold.includes(current)) return current
  throw new StoragePolicyError(
    `several storage policies of the ClickHouse server have a volume ${coldVolume}: ${withCold.join(', ')}; say which by ASSAY_TRACES_STORAGE_POLICY`,
  )
}

function volumesOf(volumes: readonly StorageVolume[], policy: string): string {
  return volumes
    .filter(({ policy_name }) => policy_name === policy)
    .map(({ volume_name }) => volume_name)
    .join(', ')
}
