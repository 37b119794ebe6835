/**
 * Which patterns a hostile text makes slow. RE2's automaton looks at each character once, but its states are made as they are
 * met, and a text that leads to a new state with every character costs a hundred times what others do: `a[ab]{16}[cd]` has
 * 65,536 of them. How many there are cannot be told from the pattern's length, so the automaton is tried: it is led, by
 * characters that keep it busy, for a few thousand steps, and the memory that its states take is counted. Counting is the same
 * on every machine, which a stop-watch is not.
 */
import { RE2JS } from 're2js'
import { widthOf } from './regex-width.ts'

/** States are sets of places: below this many ways apart there are few enough, whatever the text. */
const SURELY_CHEAP_WIDTH = 10
const STEPS = 3_000
/** The first steps fill what every pattern fills; the rest says whether it ends. */
const MEASURED_FROM = 2_000
/** After so many without a new state there will be few more. */
const QUIET_STEPS = 500
/** Of a new state, which takes 3 µs and more to make, in every second step or so. */
const MAX_BYTES_PER_STEP = 128
/** Of a pattern; more come from a nest of repetitions, or from a machine. */
const MAX_PLACES = 2_000
const TRIAL_MEMORY_BYTES = 8 * 1024 * 1024
const TRIES_PER_STEP = 8
/** How often the text that every match begins with is written out whole, which chance would not do. */
const PREFIX_SHARE = 0.2

/** What is used of re2js's automaton; its types do not tell. A test fails when it is not there any more. */
interface State {
  readonly nfaStates: readonly number[]
  readonly isMatch: boolean
}
interface Automaton {
  failed: boolean
  stateBudget: number
  memBudget: number
  readonly classBounds: ArrayLike<number>
  readonly prog: { readonly start: number; numInst(): number }
  makeState(places: readonly number[], flags: number, matches: readonly number[]): State | null
  runeClass(rune: number): number
  step(state: State, runeClass: number, rune: number, anchor: number): State | null
}
const UNANCHORED = 0
const BEGIN_LINE = 1
const BEGIN_TEXT = 4

const known = new Map<string, boolean>()

/** Whether some text makes the pattern slow. Remembered by text; most patterns are told to be cheap without a trial. */
export function isSlowOnHostileText(source: string, ignoresCase: boolean): boolean {
  const width = widthOf(source)
  if (width !== null && width <= SURELY_CHEAP_WIDTH) return false
  const key = `${ignoresCase ? 'i' : ''}/${source}`
  let slow = known.get(key)
  if (slow === undefined) {
    slow = bytesPerStep(source, ignoresCase) > MAX_BYTES_PER_STEP
    if (known.size > 10_000) known.clear()
    known.set(key, slow)
  }
  return slow
}

/** Of the states that a text which avoids to match leads to, once the first are made. The source has to be RE2 syntax. */
export function bytesPerStep(source: string, ignoresCase: boolean): number {
  const regex = RE2JS.compile(source, ignoresCase ? RE2JS.CASE_INSENSITIVE : 0)
  const automaton = regex.re2().dfa as unknown as Automaton
  if (automaton.failed) return 0
  // A step may have to look at each of them: no trial is needed, and none would end soon.
  if (automaton.prog.numInst() > MAX_PLACES) return Number.POSITIVE_INFINITY
  automaton.stateBudget = TRIAL_MEMORY_BYTES
  automaton.memBudget = TRIAL_MEMORY_BYTES
  const start = automaton.makeState([automaton.prog.start], BEGIN_TEXT | BEGIN_LINE, [])
  if (start === null) return Number.POSITIVE_INFINITY
  let state = start
  const runes = alphabetOf(automaton)
  const prefix = Array.from(prefixOf(source), (char) => char.codePointAt(0) ?? 0)
  const pending: number[] = []
  const random = generator()
  let measuredFrom = automaton.memBudget
  let grewAt = 0
  let left = automaton.memBudget
  for (let step = 0; step < STEPS; step++) {
    if (automaton.memBudget !== left) {
      left = automaton.memBudget
      grewAt = step
    } else if (step - grewAt > QUIET_STEPS) return 0
    if (step === MEASURED_FROM) measuredFrom = automaton.memBudget
    if (pending.length === 0 && random() < PREFIX_SHARE) pending.push(...prefix)
    const rune = pending.shift()
    const next = busiest(automaton, state, rune === undefined ? runes : [rune], random)
    if (next === 'full') return Number.POSITIVE_INFINITY
    // Whatever comes, it matches, and the search is over: the next one begins.
    state = next ?? start
  }
  return (measuredFrom - automaton.memBudget) / (STEPS - MEASURED_FROM)
}

/** The plain text that a pattern begins with, without the last character when that is repeated. */
function prefixOf(source: string): string {
  const [, text = '', repeat = ''] = /^(?:\(\?[a-zA-Z]+\))?([\w @:#=~,;<>/-]*)([?*+{]?)/.exec(source) ?? []
  return repeat === '' ? text : text.slice(0, -1)
}

/** A state that goes on searching, and that keeps about as much going as the one before. */
function busiest(
  automaton: Automaton,
  state: State,
  runes: readonly number[],
  random: () => number,
): State | 'full' | null {
  let best: State | null = null
  for (let tries = 0; tries < TRIES_PER_STEP; tries++) {
    const rune = runes[Math.floor(random() * runes.length)] as number
    const next = automaton.step(state, automaton.runeClass(rune), rune, UNANCHORED)
    if (next === null) return 'full'
    if (next.isMatch) continue
    if (best === null || next.nfaStates.length > best.nfaStates.length) best = next
    if (best.nfaStates.length * 2 > state.nfaStates.length) break
  }
  return best
}

/** One character for each class that the pattern tells apart: all others of the class do the same. */
function alphabetOf({ classBounds }: Automaton): number[] {
  const bounds = Array.from(classBounds)
  const isText = (rune: number): boolean => rune < 0xd800 || (rune > 0xdfff && rune < 0x110000)
  return [bounds[0] === 32 ? 33 : 32, ...bounds].filter(isText)
}

/** Numbers from 0 to 1, the same every time (mulberry32). */
function generator(): () => number {
  let seed = 0x9e3779b9
  return () => {
    seed = (seed + 0x6d2b79f5) | 0
    let mixed = Math.imul(seed ^ (seed >>> 15), 1 | seed)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296
  }
}
