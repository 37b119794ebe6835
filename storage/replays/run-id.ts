/** Names of replays. Runs of offline evals are `package/name@slot`: no name of an eval begins like this. */

export const REPLAY_PREFIX = 'replay@'

/** `replay@20260131T090000Z-1f0c`: when it was asked for, and what keeps two of one second apart. */
export function replayRunId(nowMs: number, randomHex: string): string {
  const time = new Date(nowMs)
    .toISOString()
    .replace(/\.\d+Z$/, 'Z')
    .replace(/[-:]/g, '')
  return `${REPLAY_PREFIX}${time}-${randomHex.slice(0, 4)}`
}
