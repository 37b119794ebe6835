/**
 * Load while an engine is away, and whether all went on that does not need it: every span that was acknowledged meanwhile has its verdicts
 * on the topic, and alerts have fired and been told, before the engine is back. However long that takes on a busy machine: what needs the
 * engine stands still instead.
 */
import { listDeadLetters } from '../../storage/log/dead-letters.ts'
import { textOf } from '../support/slack-server.ts'
import { firesName } from './definitions.ts'
import { lags } from './drained.ts'
import { untilNothingLeft } from './movement.ts'
import { tracesPerRequest } from './population.ts'
import type { Row } from './report.ts'
import type { Scene } from './run.ts'
import { VerdictReader } from './verdicts.ts'

const LOOK_EVERY_MS = 2_000
const MANY = 1_000_000

export interface Meanwhile {
  readonly rows: readonly Row[]
  /** Records that a reader of the log was behind at the most, by `group of topic`. */
  readonly behind: ReadonlyMap<string, number>
}

/**
 * `name`: of what is away, for the first row. `tracesMayWait`: whoever takes traces over from a process that died may have to ask the store for
 * their beginnings; a verdict on each span is due all the same.
 */
export async function loadMeanwhile(
  scene: Scene,
  name: string,
  downMs: number,
  { tracesMayWait = false } = {},
): Promise<Meanwhile> {
  const { system, senders, stimuli, population, patience, wait } = scene
  const { counts } = senders
  const verdicts = await VerdictReader.atEnd(system.log, population)
  const before = { spans: counts.acknowledgedSpans, refused: refusedBy(scene), letters: await lettersOf(scene) }
  const first = senders.begun
  const behind = new Map<string, number>()
  const alerts = [stimuli.sendReserved()]
  const endMs = performance.now() + downMs
  while (performance.now() < endMs) {
    await keepSending(senders, wait, Math.min(LOOK_EVERY_MS, endMs - performance.now()))
    for (const [reader, lag] of await lags(system.log)) behind.set(reader, Math.max(behind.get(reader) ?? 0, lag))
    await verdicts.readOn()
  }
  alerts.push(stimuli.sendReserved())
  senders.target = senders.begun
  const unanswered = await untilNothingLeft(patience, () =>
    senders.reached()
      ? 0
      : `traces up to ${senders.target} are not all acknowledged, ${counts.acknowledgedSpans} spans are`,
  )
  const end = senders.begun
  let waiting = 0
  const unjudged = await untilNothingLeft(patience, async () => {
    await verdicts.readOn()
    const { spans, traces, example } = verdicts.lacking(first, end)
    waiting = traces
    return spans + (tracesMayWait ? 0 : traces) === 0 ? 0 : `${spans} spans and ${traces} traces, ${example} among them`
  })
  const untold = await untilNothingLeft(patience, async () => {
    const texts = system.slack.messages.map(textOf)
    const names = alerts.map(firesName)
    return names.filter((one) => !texts.some((text) => text.includes(one))).join(', ')
  })
  const spans = counts.acknowledgedSpans - before.spans
  const letters = [...(await lettersOf(scene))].filter((letter) => !before.letters.has(letter))
  return {
    behind,
    rows: [
      {
        what: `${name}: spans acknowledged meanwhile`,
        found: spans.toLocaleString('en-GB'),
        isKept: spans >= MOST_LIKELY_SPANS,
      },
      { what: '  requests answered by 503 meanwhile', found: String(refusedBy(scene) - before.refused), isKept: null },
      nothing('  spans not taken', unanswered),
      nothing(
        tracesMayWait
          ? '  verdicts on these spans that were not on the topic before it was back'
          : '  verdicts on these and their traces that were not on the topic before it was back',
        unjudged,
      ),
      ...(tracesMayWait ? [{ what: '  traces that waited for it', found: String(waiting), isKept: null }] : []),
      nothing('  alerts that had not fired, or told nobody, before it was back', untold),
      nothing('  dead letters of good records', letters.join(', ')),
    ],
  }
}

/** Of a load that was taken at all, in the shortest outage. */
const MOST_LIKELY_SPANS = 10 * tracesPerRequest

const nothing = (what: string, found: string): Row => ({
  what,
  found: found === '' ? 'none' : found,
  isKept: found === '',
})
const refusedBy = ({ senders }: Scene): number => senders.counts.answers.get('503') ?? 0

/** Those of garbage come by it, and not by an outage. */
async function lettersOf({ system }: Scene): Promise<Set<string>> {
  const { letters } = await listDeadLetters(system.log, { state: null, limit: MANY, whose: null })
  return new Set(letters.filter(({ code }) => code !== 'undecodable').map(({ source, code }) => `${source} ${code}`))
}

/** Some requests a second, whatever becomes of them. */
export async function keepSending(senders: Scene['senders'], wait: Scene['wait'], forMs: number): Promise<void> {
  const endMs = performance.now() + forMs
  while (performance.now() < endMs) {
    senders.target = Math.max(senders.target, senders.begun + AHEAD_TRACES)
    await wait(Math.max(0, Math.min(200, endMs - performance.now())))
  }
}

/** Between two looks at how far it is, all connections have something to send. */
const AHEAD_TRACES = 10 * tracesPerRequest
