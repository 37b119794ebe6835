/** A store of state that need not be there yet, for those who can do without it. */
import { StateError, type StateStore } from './port.ts'

export interface WhenThereOptions {
  backend: StateStore['backend']
  open: () => Promise<StateStore>
  nowMs: () => number
  /** So long after it could not be opened it is tried again. */
  retryMs: number
}

/**
 * Resolves after the first attempt to open it, whatever became of that. Later ones are made in the background, when an operation asks for
 * the store; until one succeeds, operations reject with `StateError` at once.
 */
export async function whenThere({ backend, open, nowMs, retryMs }: WhenThereOptions): Promise<StateStore> {
  let store: StateStore | null = null
  let opening: Promise<void> | null = null
  let failed = new StateError('the shared state is not open yet')
  let retryAtMs = 0
  let isClosed = false
  const tryToOpen = async (): Promise<void> => {
    try {
      const opened = await open()
      if (isClosed) await opened.close()
      else store = opened
    } catch (error) {
      if (!(error instanceof StateError)) throw error
      failed = error
      retryAtMs = nowMs() + retryMs
    } finally {
      opening = null
    }
  }
  const use = (): StateStore => {
    if (store !== null) return store
    if (!isClosed && nowMs() >= retryAtMs) opening ??= tryToOpen()
    throw failed
  }
  await tryToOpen()
  return {
    backend,
    get: async (key) => use().get(key),
    set: async (key, value, ttlMs) => use().set(key, value, ttlMs),
    compareAndSet: async (key, expected, value, ttlMs) => use().compareAndSet(key, expected, value, ttlMs),
    add: async (key, delta, ttlMs, atMost) => use().add(key, delta, ttlMs, atMost),
    setInIfRoom: async (group, key, value, ttlMs, atMost) => use().setInIfRoom(group, key, value, ttlMs, atMost),
    setIn: async (group, key, value, ttlMs) => use().setIn(group, key, value, ttlMs),
    removeIn: async (group, key) => use().removeIn(group, key),
    list: async (group) => use().list(group),
    clear: async (prefix) => use().clear(prefix),
    close: async () => {
      isClosed = true
      await opening
      await store?.close()
    },
  }
}
