/** Hours of the week: when a route is in force, or when maintenance is. */
import { z } from 'zod'

export const WEEKDAYS = ['sunday', 'monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday'] as const
export type Weekday = (typeof WEEKDAYS)[number]

const MINUTES_A_DAY = 24 * 60

export const weeklyWindowSchema = z.object({
  days: z.array(z.enum(WEEKDAYS)).min(1),
  /** Minutes since midnight. An end that is not after the start is on the next day. */
  fromMinute: z
    .int()
    .min(0)
    .max(MINUTES_A_DAY - 1),
  toMinute: z.int().min(0).max(MINUTES_A_DAY),
  /** IANA name. */
  timeZone: z.string(),
})

export type WeeklyWindow = z.infer<typeof weeklyWindowSchema>

export type ParsedWindow = { ok: true; window: WeeklyWindow } | { ok: false; message: string }

/** `saturday,sunday 22:00-06:00 Europe/London`; the zone is UTC unless given, `daily` is every day, `weekdays` monday to friday. */
export function parseWeeklyWindow(text: string): ParsedWindow {
  const [, days = '', from = '', to = '', timeZone = 'UTC'] =
    /^\s*([a-z,-]+)\s+(\d{2}:\d{2})-(\d{2}:\d{2})(?:\s+(\S+))?\s*$/i.exec(text) ?? []
  const wrong = (what: string): ParsedWindow => ({
    ok: false,
    message: `${what}; write it as "saturday,sunday 22:00-06:00 Europe/London"`,
  })
  if (days === '') return wrong('is no time of the week')
  const named = days.toLowerCase().split(',').flatMap(daysOf)
  if (named.includes(null)) return wrong(`has a day that is none: ${days}`)
  const [fromMinute, toMinute] = [minuteOf(from), minuteOf(to)]
  if (fromMinute === null || toMinute === null || fromMinute === MINUTES_A_DAY) return wrong('has a time that is none')
  if (!isTimeZone(timeZone)) return wrong(`has a time zone that is none: ${timeZone}`)
  return { ok: true, window: { days: named.filter((day) => day !== null), fromMinute, toMinute, timeZone } }
}

function daysOf(text: string): (Weekday | null)[] {
  if (text === 'daily') return [...WEEKDAYS]
  if (text === 'weekdays') return WEEKDAYS.slice(1, 6)
  return [text.length < 3 ? null : (WEEKDAYS.find((day) => day.startsWith(text)) ?? null)]
}

function minuteOf(text: string): number | null {
  const [hours = 99, minutes = 99] = text.split(':').map(Number)
  const minute = hours * 60 + minutes
  return minutes < 60 && minute <= MINUTES_A_DAY ? minute : null
}

function isTimeZone(timeZone: string): boolean {
  try {
    formatterOf(timeZone)
    return true
  } catch {
    return false
  }
}

const formatters = new Map<string, Intl.DateTimeFormat>()

function formatterOf(timeZone: string): Intl.DateTimeFormat {
  let formatter = formatters.get(timeZone)
  if (formatter === undefined) {
    const parts = { weekday: 'long', hour: '2-digit', minute: '2-digit', hourCycle: 'h23' } as const
    formatter = new Intl.DateTimeFormat('en-GB', { timeZone, ...parts })
    formatters.set(timeZone, formatter)
  }
  return formatter
}

export function isWithin({ days, fromMinute, toMinute, timeZone }: WeeklyWindow, nowMs: number): boolean {
  const parts = Object.fromEntries(
    formatterOf(timeZone)
      .formatToParts(nowMs)
      .map(({ type, value }) => [type, value]),
  )
  const today = WEEKDAYS.indexOf(String(parts.weekday).toLowerCase() as Weekday)
  const minute = Number(parts.hour) * 60 + Number(parts.minute)
  const isOn = (day: number): boolean => days.includes(WEEKDAYS[(day + 7) % 7]!)
  if (toMinute > fromMinute) return isOn(today) && minute >= fromMinute && minute < toMinute
  return (isOn(today) && minute >= fromMinute) || (isOn(today - 1) && minute < toMinute)
}

const two = (value: number): string => String(value).padStart(2, '0')
const timeText = (minute: number): string => `${two(Math.floor(minute / 60))}:${two(minute % 60)}`

export const weeklyWindowText = ({ days, fromMinute, toMinute, timeZone }: WeeklyWindow): string =>
  `${days.length === 7 ? 'daily' : days.join(',')} ${timeText(fromMinute)}-${timeText(toMinute)} ${timeZone}`
