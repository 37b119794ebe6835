/** A data folder of an Assay that has been at work: records that nobody can read, an alert that was looked into, a posted scorecard. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { sampleMessage } from '../../alerting/receivers/sample.ts'
import { SAMPLE_INVESTIGATION } from '../../engine/alerting/investigation/sample.ts'
import type { AlertWhy } from '../../engine/alerting/why.ts'
import { SAMPLE_SCORECARD } from '../../engine/scorecard/sample.ts'
import { investigationRecord } from '../../storage/alerts/investigation-record.ts'
import { type EmbeddedLog, openEmbeddedLog } from '../../storage/log/embedded.ts'
import { AGENT_TRACES, ALERTS, alertTopics, onlineTopics } from '../../storage/log/topics.ts'
import { openPostedScorecards } from '../../storage/scorecards/posted.ts'

/** What was posted then, of `helpdesk_weekly/weekly`. */
export const POSTED_SLOT = new Date(SAMPLE_SCORECARD.period.toMs).toISOString()
const ALERT = 'shop/slower'
const INCIDENT = `${ALERT}@1.1`

/** Returns the file of evals whose alert it is. */
export async function seedData(folder: string, dataDir: string, nowMs: number): Promise<string> {
  const log = await openEmbeddedLog({ dataDir, retentionIntervalMs: null })
  await log.ensureTopics([...onlineTopics, ...alertTopics])
  // Two that no reader can read: the readers put them aside themselves.
  for (const text of ['no trace, the first', 'no trace, the second'])
    await log.append(AGENT_TRACES, [{ key: text, value: Buffer.from(text), headers: { tenant: 'default' } }])
  await fireAndInvestigate(log, nowMs)
  const posted = await openPostedScorecards({ log, onProblem: fail })
  const slotMs = SAMPLE_SCORECARD.period.toMs
  const scorecard = { ...SAMPLE_SCORECARD, id: 'helpdesk_weekly/weekly' }
  await posted.put('default', { slotMs, postedAtMs: slotMs + 5_000, receivers: ['slack("#helpdesk")'], scorecard })
  await posted.close()
  await log.close()
  const evals = join(folder, 'shop.eval')
  writeFileSync(evals, EVALS)
  return evals
}

function fail(text: string): never {
  throw new Error(text)
}

const EVALS = `package shop

online eval quick {
  on: trace
  score: duration
  pass: score <= 8s
}

alert slower {
  on: quick
  when: p95(score) regresses by 500ms vs 14d
  severity: ticket
}
`

/** Durations, as the state machine counts them: in nanoseconds. */
const WHY: AlertWhy = {
  rule: 'p95(score) regresses by 500ms vs 14d',
  baseline: { value: 2.1e9, interval: null, n: 5_000 },
  now: { value: 3.4e9, interval: null, n: 450 },
  detection: {
    kind: 'e-sr',
    statistic: 9.1,
    alarmFrom: 7.4,
    sinceMs: Date.UTC(2026, 10, 20, 9),
    falseAlarms: { ratio: 0.05, perMs: 30 * 86_400_000 },
  },
  change: null,
  strata: [],
  judge: null,
  deploy: null,
  definitions: [],
}

async function fireAndInvestigate(log: EmbeddedLog, nowMs: number): Promise<void> {
  const [item] = sampleMessage({
    id: INCIDENT,
    tenant: 'default',
    route: { receiver: 'slack', target: '#shop' },
    event: 'firing',
    atMs: nowMs,
    sinceMs: nowMs,
    ref: null,
  }).items
  const { transition } = item!
  const measure = { kind: 'score', fn: 'p95', type: { kind: 'duration' } }
  const numbers = { ...transition.numbers, measure, cmp: '<=', threshold: 2.6e9, value: 3.4e9 }
  const fired = {
    ...transition,
    id: `${INCIDENT}.firing`,
    alertId: ALERT,
    evalId: 'shop/quick',
    title: 'Answers take longer',
    incidentId: INCIDENT,
    rule: WHY.rule,
    numbers,
    why: WHY,
  }
  await log.append(ALERTS, [
    { key: `default/${ALERT}`, value: Buffer.from(JSON.stringify(fired)), headers: { tenant: 'default' } },
    investigationRecord({
      tenant: 'default',
      alertId: ALERT,
      incidentId: INCIDENT,
      investigation: { ...SAMPLE_INVESTIGATION, atMs: nowMs, fromMs: nowMs - 3_600_000, toMs: nowMs },
    }),
  ])
}
