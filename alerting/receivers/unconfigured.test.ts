import { expect, test } from 'vitest'
import { planOf } from '../../dsl/testing.ts'
import { NO_RECEIVERS } from './config.ts'
import { tellUnconfigured } from './unconfigured.ts'

const alert = (name: string, notify: string, mode = 'live'): string =>
  `alert ${name} { mode: ${mode}  on: slow  when: count(fail) >= 1 over 10m  severity: page  notify: ${notify} }\n`
const { alerts } = planOf(`package shop
online eval slow { on: trace  pass: duration <= 5s }
${alert('late', 'slack("#shop"), webhook("https://hooks.example.com/a")')}${alert('later', 'slack("#shop")')}${alert('quiet', 'email("ops@example.com")', 'shadow')}`)

test('each receiver that is not configured is told of once, with its alerts and what to set', () => {
  const lines: string[] = []
  const unconfigured = tellUnconfigured(NO_RECEIVERS, (line) => lines.push(line))
  unconfigured.tell(alerts)
  unconfigured.tell(alerts)
  const lack = 'set ASSAY_SLACK_BOT_TOKEN, ASSAY_SLACK_WEBHOOK_URL or ASSAY_SLACK_WEBHOOK_URL_SHOP'
  expect(lines).toEqual([
    `slack("#shop") is not configured: nobody is told of shop/late, shop/later, but for this terminal; ${lack}`,
  ])
  expect(alerts[0]?.notify.map(unconfigured.lackOf)).toEqual([lack, null])
})
