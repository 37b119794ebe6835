/** The state for those that can do without: opened when somebody asks for it, once for all. */
import { openState, type StateConfig } from './open-state.ts'
import type { StateStore } from './port.ts'

export interface LazyState {
  /** Rejects with `StateError` while it cannot be had; the next who asks tries again. */
  state(): Promise<StateStore>
  close(): Promise<void>
}

/** What asks is not to wait for long. */
const CONNECT_TIMEOUT_MS = 2_000

export function lazyState(config: StateConfig, onError: (error: Error) => void): LazyState {
  let opening: Promise<StateStore> | null = null
  const open = async (): Promise<StateStore> => {
    try {
      return await openState({ connectTimeoutMs: CONNECT_TIMEOUT_MS, ...config }, onError)
    } catch (error) {
      opening = null
      throw error
    }
  }
  return {
    state: () => {
      opening ??= open()
      return opening
    },
    close: async () => {
      const state = await opening?.catch(() => null)
      await state?.close()
    },
  }
}
