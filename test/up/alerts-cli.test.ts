/** `assay alerts` and `assay silence` as processes, asking one `assay up`. */
import { spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { alertHistoryResponseSchema, silencesResponseSchema } from '../../server/schemas.ts'
import { type AssayProcess, startAssay } from '../support/assay-process.ts'
import { cliFile } from '../support/serve-process.ts'
import { type SlackServer, startSlackServer, textOf } from '../support/slack-server.ts'

const RULES = `package shop
import pii from "assay:pii"

online eval no_pii {
  on:       llm_call
  pass:     not (output.text matches any [pii.email])
  missing:  unknown
}

alert leak {
  on:       no_pii
  when:     count(fail) >= 1 over 10m
  severity: page
  owner:    "@shop"
  notify:   slack("#shop")
}

alert worse {
  on:       no_pii
  when:     pass_rate regresses by 2pp vs 14d
  severity: ticket
}
`

const folder = mkdtempSync(join(tmpdir(), 'assay-alerts-cli-'))
const evals = join(folder, 'evals')
let slack: SlackServer
let assay: AssayProcess

beforeAll(async () => {
  mkdirSync(evals)
  writeFileSync(join(evals, 'shop.eval'), RULES)
  slack = await startSlackServer()
  assay = await startAssay({
    dataDir: join(folder, 'data'),
    evals: [evals],
    env: { ASSAY_SLACK_WEBHOOK_URL: slack.url(), ASSAY_ALERTS_ALLOW_PRIVATE: '127.0.0.1' },
  })
  await send('Please ask anna.smith@gmail.com.')
  await slack.waitFor(1)
}, 60_000)
afterAll(async () => {
  await assay.stop()
  await slack.close()
  rmSync(folder, { recursive: true, force: true })
})

async function send(answer: string): Promise<void> {
  const span = { kind: 'llm', name: 'chat', agent: { name: 'shop' }, durationMs: 5, output: { text: answer } }
  const url = assay.tracesUrl.replace(/\/v1\/traces$/, '/v1/spans')
  const body = JSON.stringify({ spans: [span] })
  const response = await fetch(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body })
  expect(response.status, await response.text()).toBe(200)
}

async function cli(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  const env = {
    ...process.env,
    ASSAY_URL: assay.apiUrl,
    ASSAY_SLACK_WEBHOOK_URL: slack.url(),
    ASSAY_ALERTS_ALLOW_PRIVATE: '127.0.0.1',
  }
  const child = spawn(process.execPath, [cliFile, ...args], { env, cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] })
  const ended = new Promise<number>((resolve) => child.on('close', (code) => resolve(code ?? -1)))
  const [stdout, stderr, code] = await Promise.all([text(child.stdout), text(child.stderr), ended])
  return { code, stdout, stderr }
}

test('a firing alert is listed, acknowledged by name, and in the history', async () => {
  const listed = await cli('alerts', 'list')
  expect(listed).toMatchObject({ code: 0, stderr: '' })
  expect(listed.stdout).toMatch(
    /^state +severity +alert +since +rule\nfiring +page +shop\/leak +\S+ +count\(fail\) >= 1 over 10m\n$/,
  )
  expect(await cli('alerts', 'ack', 'shop/lek')).toMatchObject({
    code: 2,
    stderr: 'assay alerts ack: there is no alert shop/lek in force, did you mean `shop/leak`?\n',
  })
  const taken = await cli('alerts', 'ack', 'leak', '--reason', 'rolling back', '--by', 'ann')
  expect(taken).toMatchObject({ code: 0, stderr: '' })
  expect(taken.stdout).toMatch(/^shop\/leak is acknowledged until \S+: no reminders, no escalation\.\n$/)
  const messages = await slack.waitFor(2)
  expect(textOf(messages[1]!)).toMatch(/Acknowledged: [\s\S]*ann/)
  expect((await cli('alerts', 'list')).stdout).toMatch(/acknowledged by ann until \S+: rolling back\n/)
  const { stdout } = await cli('alerts', 'history', 'shop/leak', '--json')
  expect(alertHistoryResponseSchema.parse(JSON.parse(stdout)).transitions).toMatchObject([{ state: 'firing' }])
  expect((await cli('alerts', 'history', 'worse')).stdout).toBe(
    'worse has not changed its state in the last 30 days.\n',
  )
  expect(await cli('alerts', 'history', 'shop/other')).toMatchObject({
    code: 2,
    stderr: 'assay alerts history: there is no alert shop/other in force\n',
  })
}, 60_000)

test('a new level is accepted of alerts on changes alone', async () => {
  expect(await cli('alerts', 'rebaseline', 'shop/leak')).toMatchObject({
    code: 2,
    stderr:
      'assay alerts rebaseline: shop/leak compares with a number of its rule, not with what was usual: change its when:\n',
  })
  expect(await cli('alerts', 'rebaseline', 'shop/wrse', '--since', 'then')).toMatchObject({ code: 2 })
  const accepted = await cli('alerts', 'rebaseline', 'shop/worse', '--reason', 'the new model', '--by', 'ann')
  expect(accepted).toMatchObject({ code: 0, stderr: '' })
  expect(accepted.stdout).toMatch(/^shop\/worse learns anew what is usual/)
  let shown = ''
  for (let tries = 0; tries < 300 && !shown.includes('accepted by ann'); tries++) {
    await new Promise((resolve) => setTimeout(resolve, 100))
    shown = (await cli('alerts', 'history', 'shop/worse')).stdout
  }
  expect(shown).toMatch(/inactive +ticket +shop\/worse .* accepted by ann: the new model/)
}, 90_000)

test('a silence is added, shown, and ended; maintenance has its hours; a misspelt name is told of', async () => {
  const added = await cli('silence', 'add', '--alert', 'shop/leak', '--for', '2h', '--reason', 'deploy', '--by', 'ann')
  expect(added).toMatchObject({ code: 0, stderr: '' })
  const [, id] = /^Silence (\w+), until /.exec(added.stdout) ?? []
  expect((await cli('alerts', 'list')).stdout).toContain(`silenced by ${id}`)
  expect((await cli('silence', 'list')).stdout).toMatch(new RegExp(`${id} +active +alert=shop/leak .* ann +deploy`))
  expect(await cli('silence', 'expire', id!)).toMatchObject({ code: 0, stdout: `Silence ${id} is over.\n` })
  expect((await cli('silence', 'list')).stdout).toBe('No silences.\n')
  const misspelt = await cli('silence', 'add', '--alert', 'shop/laek', '--for', '2h', '--reason', 'x')
  expect(misspelt).toMatchObject({
    code: 0,
    stderr: 'warning: no alert has alert shop/laek: it silences nothing until one does; did you mean shop/leak?\n',
  })
  const every = 'saturday 22:00-06:00 Europe/London'
  const maintenance = ['--severity', 'ticket', '--every', every, '--for', '4w', '--reason', 'imports']
  expect(await cli('silence', 'add', ...maintenance)).toMatchObject({ code: 0, stderr: '' })
  const { silences } = silencesResponseSchema.parse(JSON.parse((await cli('silence', 'list', '--json')).stdout))
  expect(silences).toMatchObject([{ every }, { matchers: { alert: 'shop/laek' } }, { expiredBy: expect.any(String) }])
  expect((await cli('silence', 'add', '--alert', 'x', '--reason', 'y')).stderr).toContain('--for says for how long')
  expect((await cli('silence', 'expire', 'nothing')).code).toBe(2)
}, 60_000)

test('plan and send-test say what is and what to do', async () => {
  const plan = await cli('alerts', 'plan', '--evals', evals, '--since', '1h')
  expect(plan.code, plan.stderr).toBe(1)
  expect(plan.stdout).toContain('shop/worse  pass_rate falls by 2pp vs 2w')
  expect(plan.stdout).toContain('blind: ')
  const count = slack.messages.length
  expect(await cli('alerts', 'send-test', 'slack("#shop")')).toMatchObject({ code: 0 })
  expect(slack.messages).toHaveLength(count + 2)
  expect(await cli('alerts', 'send-test', 'teams:shop')).toMatchObject({ code: 2 })
}, 60_000)
