import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import type { Plan } from '../../dsl/plan.ts'
import { planOf } from '../../dsl/testing.ts'
import { underJudges } from '../../engine/judge/in-force.ts'
import { parseServeSettings, ROLES, type RoleName, type ServeSettings } from './serve-settings.ts'

const folder = mkdtempSync(join(tmpdir(), 'assay-serve-settings-'))
afterAll(() => rmSync(folder, { recursive: true }))

const ENGINES = {
  ASSAY_LOG_URL: 'kafka://kafka:9092',
  ASSAY_TRACES_URL: 'http://clickhouse:8123',
  REDIS_URL: 'redis://redis:6379',
}
const KEYED: readonly RoleName[] = ['scheduler', 'worker', 'api']

const FILE = planOf(`package shop
default missing: unknown
offline eval kind {
  every: hour in "UTC"
  sample: 5 of trace over 1h
  judge: "openai/gpt-5-mini"
  show: output.text
  scale: 1 to 5
  rubric: "5 kind, 1 rude"
  pass: score >= 4
}
offline eval grounded {
  every: hour in "UTC"
  sample: 5 of trace over 1h
  metric: faithfulness(answer: output.text, context: retrieval.documents)
  pass: score >= 90%
}
`)

function settingsOf(role: RoleName, env: Record<string, string>, yaml?: string): ServeSettings {
  const path = yaml === undefined ? null : join(folder, 'assay.yaml')
  if (path !== null) writeFileSync(path, yaml ?? '')
  const parsed = parseServeSettings([role], {}, { ...ENGINES, ...env }, path)
  if (!parsed.ok) throw new Error(`${role}: ${parsed.problems.join('\n')}`)
  return parsed.settings
}

const inForce = ({ judgesInForce }: ServeSettings): Plan => underJudges(FILE, judgesInForce)

describe('what is measured is the same in every role', () => {
  const ofVariables = {
    ASSAY_JUDGE: 'azure/gpt-5',
    ASSAY_PROVIDER_OPENAI_LOGPROBS: 'true',
    ASSAY_PROVIDER_AZURE_ALSO_FOR: 'openai',
    ASSAY_PROVIDER_AZURE_BASE_URL: 'https://acme.openai.azure.com/openai/v1',
  }
  const keys = { OPENAI_API_KEY: 'sk-1', ASSAY_PROVIDER_AZURE_API_KEY: 'sk-2' }

  test('by variables, with keys where calls are made and nowhere else', () => {
    const plans = ROLES.map((role) => inForce(settingsOf(role, { ...ofVariables, ...(KEYED.includes(role) && keys) })))
    expect(new Set(plans.map(({ hash }) => hash)).size).toBe(1)
    for (const [i, { measureHash }] of plans[0]!.evals.entries())
      expect(measureHash).not.toBe(FILE.evals[i]?.measureHash)
  })

  test('a provider that the roles without keys do not know of changes nothing', () => {
    const { OPENAI_API_KEY: _, ...others } = keys
    const { ASSAY_PROVIDER_OPENAI_LOGPROBS: __, ...plain } = ofVariables
    expect(inForce(settingsOf('alerts', plain)).hash).toBe(
      inForce(settingsOf('worker', { ...plain, ...others, OPENAI_API_KEY: 'sk-1' })).hash,
    )
  })

  test('by an assay.yaml whose secrets are where calls are made', () => {
    const yaml = `judges:
  default: [azure/gpt-5]
  providers:
    openai: { apiKey: env:OPENAI_API_KEY, logprobs: true }
    azure: { baseUrl: "https://acme.openai.azure.com/openai/v1", apiKey: env:AZURE_KEY, alsoFor: openai }
`
    const secrets = { OPENAI_API_KEY: 'sk-1', AZURE_KEY: 'sk-2' }
    const hashes = ROLES.map((role) => inForce(settingsOf(role, KEYED.includes(role) ? secrets : {}, yaml)).hash)
    expect(new Set(hashes)).toEqual(new Set([inForce(settingsOf('worker', { ...ofVariables, ...keys })).hash]))
  })
})

test('roles that ask no judge have no use for what a key is', () => {
  const { providers, judgesInForce } = settingsOf('alerts', { OPENAI_API_KEY: 'sk-secret' })
  expect(providers).toEqual([])
  expect(JSON.stringify(judgesInForce)).not.toContain('sk-secret')
})

test('a mistake among them is told in every role', () => {
  const parsed = parseServeSettings(['gateway'], {}, { ...ENGINES, ASSAY_PROVIDER_OPENAI_LOGPROBS: 'perhaps' })
  expect(parsed).toMatchObject({ ok: false, problems: [expect.stringContaining('ASSAY_PROVIDER_OPENAI_LOGPROBS')] })
})
