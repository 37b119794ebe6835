/** Where the processes that evaluate leave what they saw of each agent, and where it is read. */
import { type AgentShare, encodeShare, parseShare } from '../../engine/live/share.ts'
import type { StateStore } from './port.ts'

const groupOf = (tenant: string): string => `live:${tenant}`

/** `key`: of the process and its agent. */
export function writeShare(
  state: Pick<StateStore, 'setIn'>,
  tenant: string,
  key: string,
  share: AgentShare,
  ttlMs: number,
): Promise<void> {
  return state.setIn(groupOf(tenant), key, encodeShare(share), ttlMs)
}

export function removeShare(state: Pick<StateStore, 'removeIn'>, tenant: string, key: string): Promise<void> {
  return state.removeIn(groupOf(tenant), key)
}

/** Rejects with `StateError`. */
export async function readShares(state: Pick<StateStore, 'list'>, tenant: string): Promise<AgentShare[]> {
  const texts = await state.list(groupOf(tenant))
  return [...texts.values()].flatMap((text) => parseShare(text) ?? [])
}
