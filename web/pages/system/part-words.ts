/** The roles by what they do for people; logs, settings and metrics know them by their own names. */

export interface PartWords {
  readonly title: string
  readonly does: string
}

const WORDS: Readonly<Record<string, PartWords>> = {
  gateway: { title: 'Receiving traces', does: 'takes in what agents send, and refuses what it must' },
  trans: {
    title: 'Evaluating and alerting',
    does: 'runs online evals on spans as they arrive, and watches the verdicts',
  },
  'trans-evaluate': { title: 'Evaluating', does: 'runs online evals on spans as they arrive' },
  'trans-store': { title: 'Storing', does: 'writes spans and verdicts into ClickHouse' },
  store: { title: 'Storing', does: 'writes spans and verdicts into ClickHouse' },
  alerts: { title: 'Alerting', does: 'watches verdicts, and tells people' },
  offline: { title: 'Judges and scheduled runs', does: 'asks judges on a schedule, and posts scorecards' },
  worker: { title: 'Judges', does: 'asks judges about what was sampled' },
  scheduler: { title: 'Schedules', does: 'starts scheduled runs and posts scorecards' },
  replay: { title: 'Replays', does: 'judges a past period anew, when it is asked to' },
  integrity: { title: 'Integrity checks', does: 'compares what is stored with the log' },
  disk: { title: 'Disk', does: 'what the data folder may still grow by' },
  definitions: { title: 'Definitions', does: 'the evals and alerts that are in force' },
  api: { title: 'API and pages', does: 'answers what you look at' },
  traces: { title: 'ClickHouse', does: 'keeps spans and verdicts' },
}

export const partWords = (name: string): PartWords => WORDS[name] ?? { title: name, does: '' }

const STATES: Readonly<Record<string, string>> = {
  ok: 'works',
  starting: 'starting',
  degraded: 'degraded',
  failed: 'failed',
  off: 'off',
}

export const stateWords = (state: string): string => STATES[state] ?? state

const BREAKERS = {
  closed: 'closed: it turns nothing away',
  open: 'open: requests are turned away, to be sent again',
  half_open: 'half open: single requests try whether it works again',
} as const

/** The state of the circuit breaker itself, whatever else is wrong with its part. */
export function breakerWords({ state, reason }: { state: keyof typeof BREAKERS; reason: string | null }): string {
  return reason === null ? BREAKERS[state] : `${BREAKERS[state]} (${reason})`
}

/** What one looks at first, of all that is counted; with its name for people. */
const TELLING: Readonly<Record<string, string>> = {
  acceptedSpans: 'Spans taken in',
  rejectedSpans: 'Spans refused',
  lastAcceptedAtMs: 'Last taken in',
  'breaker.opened': 'Breaker opened',
  'breaker.refused': 'Requests it turned away',
  'evaluate.spans': 'Spans evaluated',
  'evaluate.results': 'Verdicts',
  'evaluate.evaluatedUpToMs': 'Evaluated up to',
  'evaluate.openTraces': 'Traces not settled yet',
  'evaluate.deadLetters': 'Dead letters',
  'alerts.transitions': 'Changes of alerts',
  'notifications.delivered': 'Notifications delivered',
  'notifications.deadLettered': 'Notifications given up',
  spans: 'Spans stored',
  results: 'Verdicts stored',
  storedUpToMs: 'Stored up to',
  pendingRows: 'Rows on their way',
  outages: 'Outages of the store',
  deadLetters: 'Dead letters',
  freeBytes: 'Free',
  'judges.providers': 'Judge providers',
  'judges.providersOut': 'Of them out',
  transitions: 'Changes of alerts',
  openTraces: 'Traces not settled yet',
  evaluatedUpToMs: 'Evaluated up to',
}

export interface Figure {
  readonly key: string
  readonly name: string
  readonly value: number
}

/** The telling ones by their names, and the others as they are called in the code, those at zero left out. */
export function figuresOf(counters: Readonly<Record<string, number>>): { telling: Figure[]; others: Figure[] } {
  const all = Object.entries(counters).map(([key, value]) => ({ key, value, name: TELLING[key] ?? asWords(key) }))
  const order = Object.keys(TELLING)
  return {
    telling: all.filter(({ key }) => key in TELLING).sort((a, b) => order.indexOf(a.key) - order.indexOf(b.key)),
    others: all.filter(({ key, value }) => !(key in TELLING) && value !== 0),
  }
}

/** `judges.calls`: as words. */
const asWords = (key: string): string =>
  key
    .replaceAll(/([a-z])([A-Z])/g, '$1 $2')
    .replaceAll(/[._]/g, ' ')
    .toLowerCase()
    .replace(/ ms$/, '')
