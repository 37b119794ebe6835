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

/**
 * Null without one, which is fine unless the settings name it. `current`: what the tables are on, null before they are made. Tables can
 * go to a policy that has all volumes of their own; one that has not is left alone unless the settings name it.
 */
export function chooseStoragePolicy(
  volumes: readonly StorageVolume[],
  settings: RetentionSettings,
  current: string | null,
): string | null {
  const { storagePolicy: named, coldVolume } = settings
  const ofPolicy = (policy: string): string[] =>
    volumes.filter(({ policy_name }) => policy_name === policy).map(({ volume_name }) => volume_name)
  const lacks = (policy: string): string[] =>
    current === null ? [] : ofPolicy(current).filter((volume) => !ofPolicy(policy).includes(volume))
  const policies = [...new Set(volumes.map(({ policy_name }) => policy_name))]
  if (named !== null) {
    if (!policies.includes(named)) {
      throw new StoragePolicyError(
        `the ClickHouse server has no storage policy ${named}: it has ${policies.join(', ')} (ASSAY_TRACES_STORAGE_POLICY)`,
      )
    }
    if (!ofPolicy(named).includes(coldVolume)) {
      throw new StoragePolicyError(
        `the storage policy ${named} of the ClickHouse server has no volume ${coldVolume}: it has ${ofPolicy(named).join(', ')} (ASSAY_TRACES_COLD_VOLUME)`,
      )
    }
    if (lacks(named).length === 0) return named
    throw new StoragePolicyError(
      `the tables cannot go from the storage policy ${current} to ${named}: it has to have all volumes of theirs, and lacks ${lacks(named).join(', ')}`,
    )
  }
  const fitting = policies.filter((policy) => ofPolicy(policy).includes(coldVolume) && lacks(policy).length === 0)
  if (fitting.length <= 1) return fitting[0] ?? null
  if (current !== null && fitting.includes(current)) return current
  throw new StoragePolicyError(
    `several storage policies of the ClickHouse server have a volume ${coldVolume}: ${fitting.join(', ')}; say which by ASSAY_TRACES_STORAGE_POLICY`,
  )
}
