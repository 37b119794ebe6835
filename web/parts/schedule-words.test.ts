import { expect, test } from 'vitest'
import { scheduleWords } from './schedule-words.ts'

test.each([
  ['* * * * *', 'every minute (UTC)'],
  ['*/15 * * * *', 'every 15 minutes (UTC)'],
  ['*/40 * * * *', 'cron */40 * * * * (UTC)'],
  ['0 * * * *', 'every hour (UTC)'],
  ['20 */6 * * *', 'every 6 hours at minute 20 (UTC)'],
  ['5 6 * * *', 'every day at 06:05 (UTC)'],
  ['0 6,18 * * *', 'every day at 06:00 and 18:00 (UTC)'],
  ['0 9 * * 1', 'every Monday at 09:00 (UTC)'],
  ['0 9 * * 1-5', 'every weekday at 09:00 (UTC)'],
  ['0 9 * * 1,3,5', 'every Monday, Wednesday and Friday at 09:00 (UTC)'],
  ['0 9 1 * *', 'every month on day 1 at 09:00 (UTC)'],
  ['0 9 1 1 *', 'every year on 1 January at 09:00 (UTC)'],
  ['0 9 1 * 1', 'cron 0 9 1 * 1 (UTC)'],
  ['0 9-17 * * *', 'cron 0 9-17 * * * (UTC)'],
  ['0 9 * * 1#2', 'cron 0 9 * * 1#2 (UTC)'],
])('%s is %s', (cron, words) => {
  expect(scheduleWords({ cron, timeZone: 'UTC' })).toBe(words)
})
