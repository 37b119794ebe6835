import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { inspect } from 'node:util'
import { pino } from 'pino'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { nameOf } from './given.ts'
import { configJsonSchema } from './json-schema.ts'
import { lineOf } from './problem.ts'
import { readConfig } from './read-file.ts'
import { type ResolveOptions, resolveConfig } from './resolve.ts'
import { kafkaSettingsOf } from './sections/log.ts'
import { privacyOf } from './sections/privacy.ts'
import { redisSettingsOf } from './sections/redis.ts'
import { tracesUrlOf } from './sections/traces.ts'
import { settings } from './settings.ts'
import { settingsTable, shownSetting } from './show.ts'
import { isVariable, misspelt } from './variables.ts'

const CANARY = 'canary-5f3a'
let folder = ''
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'assay-settings-'))
  writeFileSync(join(folder, 'password'), `${CANARY}\n`)
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

interface Given {
  flags?: Record<string, unknown>
  env?: Record<string, string>
  yaml?: string
}

function resolve({ flags = {}, env = {}, yaml }: Given, options: ResolveOptions = {}) {
  const file = yaml === undefined ? null : { name: 'assay.yaml', folder, read: readConfig(yaml, settings) }
  return resolveConfig(settings, { flags, env, file }, options)
}

function configOf(given: Given, options?: ResolveOptions) {
  const resolved = resolve(given, options)
  if (!resolved.ok) throw new Error(resolved.problems.map(lineOf).join('\n'))
  return resolved
}

function problemsOf(given: Given, options?: ResolveOptions): string[] {
  const resolved = resolve(given, options)
  return resolved.ok ? [] : resolved.problems.map(lineOf)
}

test('a flag wins over a variable, a variable over the file, the file over the default', () => {
  const yaml = 'http: { port: 1001 }\ngateway: { otlpHttpPort: 1002 }\nhost: 0.0.0.0\n'
  const env = { ASSAY_HTTP_PORT: '2001', ASSAY_OTLP_HTTP_PORT: '2002' }
  const { config, effective } = configOf({ yaml, env, flags: { httpPort: '3001' } })
  expect(config).toMatchObject({
    http: { port: 3001 },
    gateway: { otlpHttpPort: 2002 },
    host: '0.0.0.0',
    logging: { level: 'info' },
  })
  const sources = Object.fromEntries(effective.map(({ path, source }) => [path.join('.'), nameOf(source)]))
  expect(sources).toMatchObject({
    'http.port': '--http-port',
    'gateway.otlpHttpPort': 'ASSAY_OTLP_HTTP_PORT',
    host: 'assay.yaml:3:7',
    'logging.level': 'default',
  })
})

test('paths of the file are relative to it', () => {
  const { config } = configOf({ yaml: 'data: here\nevals: [a, /b]\n' })
  expect(config).toMatchObject({ data: join(folder, 'here'), evals: [join(folder, 'a'), '/b'] })
  expect(configOf({ yaml: 'data: ":memory:"' }).config.data).toBe(':memory:')
})

test('every mistake is told at once, each at its place', () => {
  const yaml = `htp: {}
http: { port: many }
log:
  url: kafka://u:topsecret@a
  tls: { certificate: env:NOWHERE }
traces: { url: 5 }
`
  const env = { ASSAY_LOG_LEVEL: 'loud', REDIS_URL: 'http://u:topsecret@a' }
  const problems = problemsOf({ yaml, env, flags: { host: '' } })
  expect(problems).toEqual([
    'assay.yaml:1:1: there is no `htp`, did you mean `http`?',
    'assay.yaml:2:15: `http.port` must be a port, between 0 and 65535',
    'assay.yaml:4:8: `log.url` is a secret, and is not written into the file: name where it lies, as env:NAME or file:/path',
    'assay.yaml:5:23: `log.tls.certificate` names the variable NOWHERE, which is not set',
    'assay.yaml:6:16: `traces.url` has to be a string',
    '--host must be an address, such as 127.0.0.1 (it is "")',
    expect.stringContaining('REDIS_URL must look like redis://'),
    'ASSAY_LOG_LEVEL must be one of debug, info, warn, error (it is "loud")',
  ])
})

describe('secrets', () => {
  const yaml = `log:
  url: kafka://a:9092
  sasl: { mechanism: scram-sha-512, username: assay, password: file:password }
redis: { url: redis://r:6379, password: env:REDIS_PASSWORD }
traces: { url: env:CLICKHOUSE }
judges:
  providers:
    my-vllm: { baseUrl: http://gpu:8000/v1, apiKey: env:VLLM }
alerts:
  receivers:
    slack: { channels: { "#ops": env:SLACK } }
`
  const env = {
    REDIS_PASSWORD: CANARY,
    CLICKHOUSE: `http://u:${CANARY}@c:8123`,
    VLLM: CANARY,
    SLACK: `https://hooks.example.org/${CANARY}`,
    OPENAI_API_KEY: CANARY,
  }

  test('come from where the file says they lie', () => {
    const { config } = configOf({ yaml, env })
    expect(kafkaSettingsOf(config.log)?.sasl).toEqual({
      mechanism: 'scram-sha-512',
      username: 'assay',
      password: CANARY,
    })
    expect(redisSettingsOf(config.redis)).toMatchObject({ password: CANARY })
    expect(tracesUrlOf(config.traces)).toBe(env.CLICKHOUSE)
    expect(config.judges.providers.get('my-vllm')?.apiKey?.reveal()).toBe(CANARY)
    expect(config.judges.providers.get('openai')?.apiKey?.reveal()).toBe(CANARY)
    expect(config.alerts.receivers.slack.channels.get('ops')?.reveal()).toBe(env.SLACK)
  })

  test('are in nothing that is shown, logged or printed', () => {
    const { config, effective } = configOf({ yaml, env })
    const lines: string[] = []
    pino({ level: 'debug' }, { write: (line) => void lines.push(line) }).info({ config, effective }, 'a configuration')
    const shown = [
      settingsTable(effective),
      JSON.stringify(effective.map(shownSetting)),
      inspect(config, { depth: 10, showHidden: true }),
      String(config.log.sasl.password),
      ...lines,
    ]
    expect(lines[0]).toContain('a configuration')
    for (const text of shown) expect(text).not.toContain(CANARY)
    expect(shown[0]).toMatch(/log\.sasl\.password +\*\*\* +assay\.yaml:3:64 \(file:password\)/)
    expect(shown[0]).toContain('http://u:***@c:8123')
  })

  test('are in no message about them', () => {
    const wrong = { ...env, CLICKHOUSE: `ftp://u:${CANARY}@c`, SLACK: CANARY, ASSAY_LOG_URL: `amqp://u:${CANARY}@a` }
    const problems = problemsOf({ yaml, env: wrong, flags: { tracesUrl: `gopher://${CANARY}` } })
    expect(problems.length).toBeGreaterThan(2)
    expect(problems.join('\n')).not.toContain(CANARY)
  })

  test('of sections that nothing uses are not looked for, but their form is', () => {
    const uses = (key: string): boolean => key === 'http'
    const { config } = configOf({ yaml }, { uses })
    expect(() => config.redis.password?.reveal()).toThrow('env:REDIS_PASSWORD')
    expect(problemsOf({ yaml: 'redis: { password: topsecret }' }, { uses })).toHaveLength(1)
  })
})

describe('what settings have to agree on', () => {
  test.each<[string, Given, string]>([
    ['two values of one thing', { yaml: 'log: { url: "kafka://a?compression=lz4", compression: zstd }' }, 'leave one'],
    ['a user alone', { yaml: 'log: { url: "kafka://a", sasl: { username: u } }' }, 'log.sasl.password beside it'],
    ['a mechanism alone', { env: { ASSAY_LOG_SASL_MECHANISM: 'plain' } }, 'log.sasl.username'],
    ['a provider without an address', { env: { ASSAY_PROVIDER_ACME_API_KEY: 'k' } }, 'judges.providers.acme.baseUrl'],
    [
      'a channel twice',
      { yaml: 'alerts: { receivers: { slack: { channels: { a-b: env:A, "#A_B": env:A } } } }', env: { A: 'http://a' } },
      'there already',
    ],
  ])('%s', (_, given, told) => {
    expect(problemsOf(given)).toEqual([expect.stringContaining(told)])
  })

  test('certificates alone turn TLS on', () => {
    const pem = '-----BEGIN CERTIFICATE-----\nx\n-----END CERTIFICATE-----'
    const { config } = configOf({ env: { ASSAY_LOG_URL: 'kafka://a', ASSAY_LOG_TLS_CA: pem } })
    expect(kafkaSettingsOf(config.log)?.tls).toEqual({ ca: pem })
  })
})

describe('the environment', () => {
  test.each([
    ['a provider of many words', { ASSAY_PROVIDER_MY_VLLM_BASE_URL: 'http://gpu/v1' }, 'my-vllm'],
    [
      "Assay's own variable before the common one",
      { OPENAI_BASE_URL: 'http://a', ASSAY_OPENAI_BASE_URL: 'http://gpu/v1' },
      'openai',
    ],
  ])('%s', (_, env, provider) => {
    expect(configOf({ env }).config.judges.providers.get(provider)?.baseUrl).toBe('http://gpu/v1')
  })

  test('a variable that sets nothing and is nearly one that does', () => {
    const env = { ASSAY_HTP_PORT: '1', ASSAY_HTTP_PORT: '1', ASSAY_GATEWAY_SERVICE_HOST: '10.0.0.1', ASSAY_URL: 'x' }
    expect(misspelt(settings, env)).toEqual(['ASSAY_HTP_PORT sets nothing, did you mean ASSAY_HTTP_PORT?'])
    expect(isVariable(settings, 'ASSAY_SLACK_WEBHOOK_URL_OPS')).toBe(true)
    expect(isVariable(settings, 'ASSAY_SLACK_WEBHOOK')).toBe(false)
  })
})

test('the schema for editors knows keys, kinds of values and secrets', () => {
  expect(configJsonSchema()).toMatchObject({
    additionalProperties: false,
    properties: {
      http: { properties: { port: { type: 'integer', maximum: 65_535 } } },
      redis: { properties: { password: { type: 'string', pattern: '^(env|file):.' } } },
    },
  })
})

describe('privacy', () => {
  test('rules for all, and those of a tenant', () => {
    const yaml = `
privacy:
  drop: [http.request.header.*, "resource:process.*"]
  tokenise: [customer.id]
  mask: [pii.email, "/ACME-[0-9]{6}/i"]
  tenants: { acme: { mask: [pii] } }
`
    const { config } = configOf({ yaml, env: { ASSAY_PRIVACY_KEY: CANARY.repeat(4) } })
    const { key, everyone, tenants } = privacyOf(config.privacy)
    expect(key).toBe(CANARY.repeat(4))
    expect(everyone).toMatchObject({
      drop: [
        { place: null, pattern: 'http.request.header.*' },
        { place: 'resource', pattern: 'process.*' },
      ],
      tokenise: [{ place: null, pattern: 'customer.id' }],
      mask: [
        { name: 'pii.email', builtin: 'pii.email' },
        { source: 'ACME-[0-9]{6}', caseInsensitive: true },
      ],
    })
    expect(tenants.get('acme')?.mask).toHaveLength(8)
  })

  test('every mistake at once, each at its place', () => {
    const yaml = `
privacy:
  key: env:SHORT
  drop: [http.*, 7]
  mask: [pii.mail, "/a(?=b)/", "/x", "/a[ab]{16}[cd]/"]
  tenants: { acme: { mak: [pii] } }
`
    expect(problemsOf({ yaml, env: { SHORT: 'short' } }).map((line) => line.replace(/;.*/, ''))).toEqual([
      'assay.yaml:3:8: `privacy.key` must have 32 characters at least',
      'assay.yaml:4:18: `privacy.drop.1` must be the name of an attribute',
      'assay.yaml:5:10: `privacy.mask.0` has to be a /regex/ or a pattern of assay:pii',
      'assay.yaml:5:20: `privacy.mask.1` is no regex that can be run: a regex cannot look around: lookahead `(?=`',
      'assay.yaml:5:32: `privacy.mask.2` has to end as a regex does: /regex/, or /regex/i',
      'assay.yaml:5:38: `privacy.mask.3` is slow on some texts, and everybody waits at the gateway: count less, `{1,10}` for `{1,100}`',
      'assay.yaml:6:22: there is no `privacy.tenants.acme.mak`, did you mean `mask`?',
    ])
  })

  test('tokens need a key', () => {
    const yaml = 'privacy: { tenants: { acme: { tokenise: [user] }, Other: { drop: [x] } } }'
    expect(problemsOf({ yaml })).toEqual([
      expect.stringContaining('`privacy.tenants.acme.tokenise` needs privacy.key (ASSAY_PRIVACY_KEY)'),
      expect.stringContaining('Other cannot be a tenant'),
    ])
  })
})
