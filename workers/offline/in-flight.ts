/** Who reserves and asks in this process, by what pays for it: who is refused may have what the others leave of their reservations. */
import { createTurnstile, type Turnstile } from '../../storage/turnstile.ts'

export interface InFlight {
  /** One more that tries to reserve of all of these. It leaves when it got nothing, or once its call is settled. */
  enter(keys: readonly string[]): FlightPlace
}

export interface FlightPlace {
  /** It has its reservation. */
  hold(): void
  leave(): void
  /** Those that were refused try again one by one: resolves with what to call afterwards, or with null when the signal aborts. */
  queue(key: string, signal: AbortSignal): Promise<(() => void) | null>
  /** Leaves, and resolves when it is worth another try for this key. */
  othersLeave(key: string, signal: AbortSignal): Promise<Left>
}

/**
 * Whether a reservation ended since it entered; else whether others only tried meanwhile, and may have had for a moment what they gave
 * back; else there is nobody to wait for.
 */
export type Left = 'settled' | 'tried' | 'nobody' | 'aborted'

interface Flight {
  trying: number
  holding: number
  ended: number
  waiting: Set<() => void>
  line: Turnstile
}

const newFlight = (): Flight => ({ trying: 0, holding: 0, ended: 0, waiting: new Set(), line: createTurnstile(1) })

export function createInFlight(): InFlight {
  const flights = new Map<string, Flight>()

  function enterOne(key: string): { flight: Flight; endedBefore: number } {
    const flight = flights.get(key) ?? newFlight()
    flights.set(key, flight)
    flight.trying++
    return { flight, endedBefore: flight.ended }
  }

  return {
    enter(keys) {
      const mine = new Map(keys.map((key) => [key, enterOne(key)]))
      const of = (key: string): { flight: Flight; endedBefore: number } => {
        const found = mine.get(key)
        if (found === undefined) throw new RangeError(`it did not enter ${key}`)
        return found
      }
      let its: 'trying' | 'holding' | 'left' = 'trying'
      const leave = (): void => {
        if (its === 'left') return
        for (const [key, { flight }] of mine) {
          flight[its]--
          if (its === 'holding') flight.ended++
          if (flight.trying + flight.holding === 0) flights.delete(key)
          for (const wake of [...flight.waiting]) wake()
        }
        its = 'left'
      }
      return {
        leave,
        hold() {
          if (its !== 'trying') return
          its = 'holding'
          for (const { flight } of mine.values()) {
            flight.trying--
            flight.holding++
          }
        },
        queue(key, signal) {
          const turn = of(key).flight.line.enter()
          return new Promise((resolve) => {
            const giveUp = (): void => resolve(null)
            signal.addEventListener('abort', giveUp)
            if (signal.aborted) giveUp()
            // The turn of one that gave up comes all the same, and is the next one's then.
            void turn.then((over) => {
              signal.removeEventListener('abort', giveUp)
              if (signal.aborted) over()
              resolve(signal.aborted ? null : over)
            })
          })
        },
        async othersLeave(key, signal) {
          const { flight, endedBefore } = of(key)
          leave()
          const isSame = (): boolean => !signal.aborted && flight.ended === endedBefore
          const hasOthers = flight.trying > 0
          if (isSame() && hasOthers && flight.holding === 0) await next(flight, signal)
          const hasTried = hasOthers && flight.holding === 0
          while (isSame() && flight.holding > 0) await next(flight, signal)
          if (signal.aborted) return 'aborted'
          if (flight.ended !== endedBefore) return 'settled'
          return hasTried ? 'tried' : 'nobody'
        },
      }
    },
  }
}

/** A listener that is not needed any more is removed: a signal lives as long as the process. */
function next({ waiting }: Flight, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const wake = (): void => {
      waiting.delete(wake)
      signal.removeEventListener('abort', wake)
      resolve()
    }
    waiting.add(wake)
    signal.addEventListener('abort', wake)
  })
}
