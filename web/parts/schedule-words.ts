/** A schedule as people say it; a cron expression that has no short words stays as it is. */

const DAYS = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday', 'Sunday'] as const
const MONTHS = [
  'January',
  'February',
  'March',
  'April',
  'May',
  'June',
  'July',
  'August',
  'September',
  'October',
  'November',
  'December',
] as const

export function scheduleWords({ cron, timeZone }: { cron: string; timeZone: string }): string {
  const words = cronWords(cron)
  return words === null ? `cron ${cron} (${timeZone})` : `${words} (${timeZone})`
}

/** Null where it has none. */
function cronWords(cron: string): string | null {
  const [minute = '', hour = '', dayOfMonth = '', month = '', weekday = '', ...rest] = cron.trim().split(/\s+/)
  if (rest.length > 0 || weekday === '') return null
  const day = dayWords(dayOfMonth, month, weekday)
  if (day === null) return null
  const isEveryDay = day === 'day'
  if (hour === '*' || hour.startsWith('*/')) {
    if (!isEveryDay) return null
    return everyHourWords(minute, hour)
  }
  const at = timesOf(minute, hour)
  return at === null ? null : `every ${day} at ${at}`
}

function everyHourWords(minute: string, hour: string): string | null {
  const hours = hour === '*' ? 'hour' : stepWords(hour, 'hour')
  if (hours === null) return null
  if (minute === '*') return hour === '*' ? 'every minute' : null
  if (minute.startsWith('*/')) {
    const minutes = stepWords(minute, 'minute')
    return hour === '*' && minutes !== null ? `every ${minutes}` : null
  }
  if (!isNumber(minute)) return null
  return minute === '0' ? `every ${hours}` : `every ${hours} at minute ${minute}`
}

const isNumber = (text: string): boolean => /^\d{1,2}$/.test(text)

/** 40 does not divide an hour: its runs are not 40 minutes apart. */
function stepWords(field: string, unit: 'minute' | 'hour'): string | null {
  const step = Number(field.slice(2))
  const divides = step > 0 && (unit === 'minute' ? 60 : 24) % step === 0
  return divides ? (step === 1 ? unit : `${step} ${unit}s`) : null
}

/** One minute of one hour or of several. */
function timesOf(minute: string, hour: string): string | null {
  const hours = hour.split(',')
  if (!isNumber(minute) || !hours.every(isNumber)) return null
  return listOf(hours.map((one) => `${one.padStart(2, '0')}:${minute.padStart(2, '0')}`))
}

function dayWords(dayOfMonth: string, month: string, weekday: string): string | null {
  if (dayOfMonth === '*' && month === '*') return weekdayWords(weekday)
  if (!isNumber(dayOfMonth) || weekday !== '*') return null
  if (month === '*') return `month on day ${dayOfMonth}`
  const name = isNumber(month) ? MONTHS[Number(month) - 1] : undefined
  return name === undefined ? null : `year on ${dayOfMonth} ${name}`
}

function weekdayWords(weekday: string): string | null {
  if (weekday === '*') return 'day'
  if (weekday === '1-5') return 'weekday'
  const days = weekday.split(',').map((one) => (/^[0-7]$/.test(one) ? DAYS[Number(one)] : undefined))
  return days.includes(undefined) ? null : listOf(days as string[])
}

const listOf = (words: readonly string[]): string =>
  words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} and ${words.at(-1)}`
