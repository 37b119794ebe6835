/** `every:` to a cron expression of five fields and a time zone. */
import { reportWord } from './clauses.ts'
import type { Reporter } from './diagnostics/reporter.ts'
import type { ScheduleNode, StringNode } from './syntax/ast.ts'

const WEEKDAYS = ['sunday', 'monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday']
const UNITS = ['hour', 'day', ...WEEKDAYS, 'cron']

/** Null when it is in error (told). A schedule without a zone is refused: whose midnight it is must not depend on a machine. */
export function compileSchedule(node: ScheduleNode, reporter: Reporter): { cron: string; timeZone: string } | null {
  const cron = cronOf(node, reporter)
  const timeZone = zoneOf(node, reporter)
  return cron === null || timeZone === null ? null : { cron, timeZone }
}

function cronOf(node: ScheduleNode, reporter: Reporter): string | null {
  const { unit, at } = node
  if (unit.text === '') return null
  if (!UNITS.includes(unit.text)) {
    reportWord(reporter, 'every', { kind: 'path', path: unit.text, span: unit.span }, UNITS)
    return null
  }
  if (unit.text === 'cron') return writtenCron(node, reporter)
  if (node.cron !== null) {
    reporter.report('E0403', node.cron.span, `\`${unit.text}\` takes no text`, {
      label: 'a cron expression follows `cron`',
    })
    return null
  }
  if (unit.text === 'hour') {
    if (at === null) return '0 * * * *'
    reporter.report('E0403', at.span, '`hour` takes no time of day', { label: 'it runs every hour, at minute 0' })
    return null
  }
  const [hour = 0, minute = 0] = (at?.text ?? '00:00').split(':').map(Number)
  if (hour > 23 || minute > 59) {
    reporter.report('E0403', at?.span ?? unit.span, `\`${at?.text}\` is no time of day`, {
      label: 'from `00:00` to `23:59`',
    })
    return null
  }
  const weekday = WEEKDAYS.indexOf(unit.text)
  return `${minute} ${hour} * * ${weekday < 0 ? '*' : weekday}`
}

function writtenCron(node: ScheduleNode, reporter: Reporter): string | null {
  if (node.at !== null)
    reporter.report('E0403', node.at.span, 'a cron expression says the time itself', { label: 'leave `at` out' })
  if (node.cron === null) {
    reporter.report('E0405', node.unit.span, '`cron` takes an expression', { label: 'such as `cron "0 */6 * * *"`' })
    return null
  }
  const problem = cronProblem(node.cron.value)
  if (problem === null) return node.cron.value.trim().split(/\s+/).join(' ')
  reporter.report('E0405', node.cron.span, `this cron expression does not work: ${problem}`, {
    label: 'minute hour day-of-month month day-of-week',
  })
  return null
}

const FIELDS: readonly { name: string; low: number; high: number; words: readonly string[] }[] = [
  { name: 'minute', low: 0, high: 59, words: [] },
  { name: 'hour', low: 0, high: 23, words: [] },
  { name: 'day of month', low: 1, high: 31, words: [] },
  {
    name: 'month',
    low: 1,
    high: 12,
    words: ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'],
  },
  { name: 'day of week', low: 0, high: 7, words: ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'] },
]

/** What is wrong with a cron expression of five fields; null when nothing is. */
export function cronProblem(text: string): string | null {
  const parts = text.trim().split(/\s+/)
  if (text.trim() === '' || parts.length !== FIELDS.length)
    return `it has ${text.trim() === '' ? 0 : parts.length} fields, not five`
  for (const [index, field] of FIELDS.entries()) {
    for (const item of (parts[index] as string).split(',')) {
      const match = /^(?:(\*)|(\w+)(?:-(\w+))?)(?:\/(\d+))?$/.exec(item)
      if (match === null) return `\`${item}\` is no ${field.name}`
      const [, star, from, to, step] = match
      if (step !== undefined && Number(step) === 0) return 'a step of 0 never comes'
      if (star !== undefined) continue
      const low = numberIn(field, from as string)
      const high = to === undefined ? low : numberIn(field, to)
      if (low === null || high === null) return `\`${item}\` is no ${field.name} (${field.low} to ${field.high})`
      if (low > high) return `\`${item}\` runs backwards`
    }
  }
  return null
}

function numberIn(field: (typeof FIELDS)[number], text: string): number | null {
  const word = field.words.indexOf(text.toLowerCase())
  const value = word >= 0 ? word + (field.name === 'month' ? 1 : 0) : /^\d+$/.test(text) ? Number(text) : Number.NaN
  return value >= field.low && value <= field.high ? value : null
}

function zoneOf(node: ScheduleNode, reporter: Reporter): string | null {
  if (node.zone === null) {
    reporter.report('E0404', node.unit.span, 'a schedule names its time zone', {
      label: 'in which zone?',
      notes: ['so that it runs at the same time on every machine'],
      fix: {
        applicability: 'choice',
        title: 'add',
        options: [{ text: 'in "UTC"' }, { text: 'in "Europe/London"', comment: 'follows summer time' }],
      },
    })
    return null
  }
  if (node.zone.value !== '' && isTimeZone(node.zone)) return node.zone.value
  reporter.report('E0404', node.zone.span, `"${node.zone.value}" is no time zone`, {
    label: 'an IANA name, such as "Europe/London" or "UTC"',
  })
  return null
}

/** Asking the engine costs more than all the rest of a schedule, and files name the same zone again and again. */
const zones = new Map<string, boolean>()

function isTimeZone(zone: StringNode): boolean {
  const known = zones.get(zone.value) ?? askTimeZone(zone)
  zones.set(zone.value, known)
  return known
}

function askTimeZone(zone: StringNode): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: zone.value })
    // Offsets such as "+02:00" are accepted by newer engines; a zone has to know its summer time.
    return !/^[+-]/.test(zone.value)
  } catch (error) {
    if (error instanceof RangeError) return false
    throw error
  }
}
