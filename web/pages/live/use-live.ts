import { useQueryClient } from '@tanstack/react-query'
import { useEffect, useRef, useState } from 'react'
import type { StreamEvent } from '../../../client/api.ts'
import { ApiProblem } from '../../../client/request.ts'
import { subscribe } from '../../../client/subscribe.ts'
import { afterEvents, type LiveState, NOTHING } from './live-state.ts'
import { TRACES_KEY } from './live-trace.ts'
import type { LiveSearch } from './search.ts'
import { useIsVisible } from './use-is-visible.ts'

export interface Live extends LiveState {
  /** `polling`: streaming has failed more than once, or is refused; it is tried on. */
  readonly mode: 'connecting' | 'streaming' | 'polling'
  /** Why the scope is none. */
  readonly problem: ApiProblem | null
  /** When the last root came, or could have while nobody listened; null before any. */
  readonly tracesToldAtMs: number | null
}

/** What came in one go is shown in one go. */
const SHOW_EVERY_MS = 100
const FAILURES_BEFORE_POLLING = 2
/** Of a scope, whose past only the log can tell. */
const SCOPE_SINCE = '5m'

/** Traces, verdicts and agents as they come. A page that nobody looks at lets its connection go, and goes on from there. */
export function useLive({ scope, eval: evalId, verdict }: LiveSearch, isPaused: boolean): Live {
  const [state, setState] = useState<LiveState>(NOTHING)
  const [mode, setMode] = useState<Live['mode']>('connecting')
  const [problem, setProblem] = useState<ApiProblem | null>(null)
  const [tracesToldAtMs, setTracesToldAtMs] = useState<number | null>(null)
  const queryClient = useQueryClient()
  const hasBegun = useRef(false)
  const isVisible = useIsVisible()
  const lastEventId = useRef<string>(undefined)
  const filters = JSON.stringify([scope, evalId, verdict])
  // biome-ignore lint/correctness/useExhaustiveDependencies: the three filters are what changes
  useEffect(() => {
    lastEventId.current = undefined
    setState(NOTHING)
    setProblem(null)
    setMode('connecting')
  }, [filters])
  // biome-ignore lint/correctness/useExhaustiveDependencies: the three filters are what changes
  useEffect(() => {
    if (isPaused || !isVisible) return
    const stopping = new AbortController()
    let arrived: StreamEvent[] = []
    let timer: ReturnType<typeof setTimeout> | null = null
    const show = (): void => {
      const events = arrived
      arrived = []
      timer = null
      if (events.some(({ type }) => type === 'span')) setTracesToldAtMs(Date.now())
      setState((before) => afterEvents(before, events))
    }
    // Roots that came while nobody listened are not streamed later.
    const askForTraces = (): void => {
      setTracesToldAtMs(Date.now())
      void queryClient.invalidateQueries({ queryKey: TRACES_KEY })
    }
    const listen = async (): Promise<void> => {
      const query = {
        streams: ['spans', 'results', 'agents'] as const,
        roots: true,
        ...(scope !== undefined && { scope, since: SCOPE_SINCE }),
        ...(evalId !== undefined && { eval: evalId }),
        ...(verdict !== undefined && { verdict }),
      }
      const events = subscribe(query, {
        baseUrl: '',
        signal: stopping.signal,
        ...(lastEventId.current !== undefined && { lastEventId: lastEventId.current }),
        onRetry: (failures) => setMode(failures >= FAILURES_BEFORE_POLLING ? 'polling' : 'connecting'),
      })
      for await (const event of events) {
        if ('id' in event && event.id !== undefined) lastEventId.current = event.id
        if (event.type === 'ready') {
          setMode('streaming')
          if (hasBegun.current) askForTraces()
          hasBegun.current = true
        }
        arrived.push(event)
        timer ??= setTimeout(show, SHOW_EVERY_MS)
      }
    }
    listen().catch((error: unknown) => {
      setMode('polling')
      if (error instanceof ApiProblem && error.status === 400) setProblem(error)
    })
    return () => {
      stopping.abort()
      // What has come is behind the id that it goes on from.
      if (timer !== null) {
        clearTimeout(timer)
        show()
      }
    }
  }, [filters, isPaused, isVisible])
  return { ...state, mode, problem, tracesToldAtMs }
}
