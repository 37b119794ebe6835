/** `assay alerts list|history|ack` and `assay silence`: asks the running instance. */
import { userInfo } from 'node:os'
import type { z } from 'zod'
import { investigationLines } from '../../engine/alerting/investigation/investigation-text.ts'
import { labelValueText } from '../../engine/group-text.ts'
import {
  type AlertStateJson,
  alertHistoryResponseSchema,
  alertStatesResponseSchema,
  newSilenceJsonSchema,
  rebaselinedResponseSchema,
  type SilenceJson,
  silenceJsonSchema,
  silencesResponseSchema,
} from '../../server/schemas.ts'
import { type Answer, askApi, serverOf } from '../commands/ask-api.ts'
import { exitCodes } from '../exit-codes.ts'
import { windowOf } from '../stored/window.ts'
import { minutesOf } from './minutes.ts'

export interface AskFlags {
  readonly server?: string
  readonly json?: boolean
}

export interface SilenceFlags extends AskFlags {
  readonly alert?: string
  readonly eval?: string
  readonly severity?: string
  readonly owner?: string
  readonly label?: readonly string[]
  readonly for?: string
  readonly from?: string
  readonly every?: string
  readonly reason?: string
  readonly by?: string
  readonly all?: boolean
}

const say = (text: string): void => void process.stdout.write(text)

function shown<T>(command: string, answer: Answer<T>, { json }: AskFlags, print: (value: T) => string): number {
  if (!answer.ok) {
    process.stderr.write(`assay ${command}: ${answer.message}\n`)
    return exitCodes.usage
  }
  say(json === true ? `${JSON.stringify(answer.value)}\n` : print(answer.value))
  return exitCodes.ok
}

const ask = <T>(
  flags: AskFlags,
  path: string,
  schema: z.ZodType<T>,
  query: Record<string, string> = {},
  post?: unknown,
) => askApi(serverOf(flags.server), path, query, schema, post)

/** Who says so: by default the user of this machine. */
export const author = (given: string | undefined): string => given ?? userInfo().username

export async function listAlerts(flags: AskFlags & { all?: boolean }): Promise<number> {
  const answer = await ask(flags, '/v1/alerts', alertStatesResponseSchema)
  return shown('alerts list', answer, flags, ({ alerts }) => {
    const all = flags.all === true ? alerts : alerts.filter(({ state }) => state === 'firing' || state === 'pending')
    if (all.length === 0) return 'Nothing fires.\n'
    const [head, ...rows] = table([['state', 'severity', 'alert', 'since', 'rule', ''], ...all.map(alertRow)])
      .trimEnd()
      .split('\n')
    // Beneath each: what failing traces have more often than passing ones.
    const lines = rows.flatMap((row, i) => [row, ...foundLines(all[i]!)])
    return `${[head, ...lines].join('\n')}\n`
  })
}

const foundLines = ({ state, investigation }: AlertStateJson): string[] =>
  state !== 'firing' || investigation === null ? [] : investigationLines(investigation).map((line) => `    ${line}`)

const labelsText = (labels: Readonly<Record<string, string>>): string =>
  Object.entries(labels)
    .map(([label, value]) => ` ${label}=${labelValueText(value)}`)
    .join('')

/** `ann until 2026-11-22T10:00: rolling back`. */
const takenOnBy = ({ by, until, reason }: NonNullable<AlertStateJson['acknowledged']>): string =>
  `${by}${until === null ? '' : ` until ${until.slice(0, 16)}`}${reason === null ? '' : `: ${reason}`}`

function alertRow(alert: AlertStateJson): string[] {
  const { state, severity, since, rule, group, acknowledged, silencedBy } = alert
  const notes = [
    ...(acknowledged === null ? [] : [`acknowledged by ${takenOnBy(acknowledged)}`]),
    ...(silencedBy.length === 0 ? [] : [`silenced by ${silencedBy.join(', ')}`]),
  ]
  return [state, severity, alert.alert + labelsText(group), since.slice(0, 16), rule, notes.join('; ')]
}

export async function showHistory(alert: string | undefined, flags: AskFlags & { limit?: string }): Promise<number> {
  const query = { ...(alert !== undefined && { alert }), limit: flags.limit ?? '50' }
  const answer = await ask(flags, '/v1/alerts/history', alertHistoryResponseSchema, query)
  return shown('alerts history', answer, flags, ({ transitions }) => {
    if (transitions.length === 0)
      return `${alert ?? 'No alert'} has ${alert === undefined ? '' : 'not '}changed its state in the last 30 days.\n`
    const rows = transitions.map(({ at, state, severity, alert, group, rule, accepted }) => [
      at.slice(0, 19),
      state,
      severity,
      alert + labelsText(group),
      rule,
      accepted === null ? '' : `accepted by ${accepted.by}${accepted.reason === null ? '' : `: ${accepted.reason}`}`,
    ])
    return table([['at', 'state', 'severity', 'alert', 'rule', ''], ...rows])
  })
}

export interface AcknowledgeFlags extends AskFlags {
  readonly for?: string
  readonly reason?: string
  readonly by?: string
}

export async function acknowledge(alert: string, flags: AcknowledgeFlags): Promise<number> {
  const minutes = minutesOf(flags.for ?? '1d')
  if (minutes === null) {
    process.stderr.write('assay alerts ack: --for says for how long: 30m, 2h, 7d\n')
    return exitCodes.usage
  }
  const { reason } = flags
  const post = { alert, minutes, by: author(flags.by), ...(reason !== undefined && { reason }) }
  const answer = await ask(flags, '/v1/alerts/ack', alertStatesResponseSchema, {}, post)
  return shown('alerts ack', answer, flags, ({ alerts }) =>
    alerts
      .map(({ alert, group, acknowledged }) => {
        const until = acknowledged?.until?.slice(0, 16)
        const when = until === undefined ? '' : ` until ${until}`
        return `${alert}${labelsText(group)} is acknowledged${when}: no reminders, no escalation.\n`
      })
      .join(''),
  )
}

export interface RebaselineFlags extends AskFlags {
  readonly since?: string
  readonly reason?: string
  readonly by?: string
}

export async function rebaseline(alert: string, flags: RebaselineFlags): Promise<number> {
  const since = flags.since === undefined ? null : windowOf(flags.since, undefined, Date.now())
  if (since !== null && !since.ok) {
    process.stderr.write(`assay alerts rebaseline: ${since.message}\n`)
    return exitCodes.usage
  }
  const post = {
    alert,
    by: author(flags.by),
    ...(flags.reason !== undefined && { reason: flags.reason }),
    ...(since !== null && { since: new Date(since.window.fromUs / 1000).toISOString() }),
  }
  const answer = await ask(flags, '/v1/alerts/rebaseline', rebaselinedResponseSchema, {}, post)
  return shown('alerts rebaseline', answer, flags, (accepted) => {
    const from = accepted.since === null ? 'the change that it tells of, or now' : accepted.since.slice(0, 16)
    return `${accepted.alert} learns anew what is usual, of what came since ${from}. What fires of it ends within seconds.\n`
  })
}

export async function addSilence(flags: SilenceFlags): Promise<number> {
  const wrong = (message: string): number => {
    process.stderr.write(`assay silence add: ${message}\n`)
    return exitCodes.usage
  }
  const minutes = minutesOf(flags.for ?? '')
  if (minutes === null) return wrong('--for says for how long: 30m, 2h, 7d')
  if (flags.reason === undefined) return wrong('--reason says why, for those who wonder at the silence')
  const labels = new Map<string, string>()
  for (const text of flags.label ?? []) {
    const [, name, value] = /^([^=]+)=(.*)$/.exec(text) ?? []
    if (name === undefined || value === undefined) return wrong(`--label ${text}: write it as agent.version=2.1`)
    labels.set(name, value)
  }
  const { alert, severity, owner } = flags
  const post = {
    matchers: {
      ...(alert !== undefined && { alert }),
      ...(flags.eval !== undefined && { eval: flags.eval }),
      ...(severity !== undefined && { severity }),
      ...(owner !== undefined && { owner }),
      labels: Object.fromEntries(labels),
    },
    minutes,
    reason: flags.reason,
    by: author(flags.by),
    ...(flags.from !== undefined && { from: flags.from }),
    ...(flags.every !== undefined && { every: flags.every }),
  }
  const answer = await ask(flags, '/v1/silences', newSilenceJsonSchema, {}, post)
  // Also beside JSON, which has them too.
  if (answer.ok) for (const warning of answer.value.warnings) process.stderr.write(`warning: ${warning}\n`)
  return shown('silence add', answer, flags, ({ id, until }) => `Silence ${id}, until ${until}.\n`)
}

export async function listSilences(flags: SilenceFlags): Promise<number> {
  const answer = await ask(flags, '/v1/silences', silencesResponseSchema)
  return shown('silence list', answer, flags, ({ silences }) => {
    const all = silences.filter(({ state }) => flags.all === true || state !== 'expired')
    if (all.length === 0) return 'No silences.\n'
    return table([['id', 'state', 'matches', 'until', 'by', 'reason'], ...all.map(silenceRow)])
  })
}

function silenceRow({ id, state, matchers, until, every, by, reason }: SilenceJson): string[] {
  const { labels, ...rest } = matchers
  const matches = Object.entries({ ...rest, ...labels }).map(([name, value]) => `${name}=${value}`)
  const window = every === null ? '' : ` (${every})`
  return [id, state, matches.join(' '), until.slice(0, 16) + window, by, reason]
}

export async function expireSilence(id: string, flags: SilenceFlags): Promise<number> {
  const path = `/v1/silences/${encodeURIComponent(id)}/expire`
  const answer = await ask(flags, path, silenceJsonSchema, {}, { by: author(flags.by) })
  return shown('silence expire', answer, flags, () => `Silence ${id} is over.\n`)
}

function table(rows: readonly (readonly string[])[]): string {
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => (row[column] ?? '').length)))
  const lines = rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column]!))
      .join('  ')
      .trimEnd(),
  )
  return `${lines.join('\n')}\n`
}
