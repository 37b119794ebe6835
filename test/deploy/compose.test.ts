/** `deploy/compose.yaml`: valid by the Compose Specification's schema, and of one piece with the code and the image. */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Ajv2020 } from 'ajv/dist/2020.js'
import formats from 'ajv-formats'
import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { DRAIN_LIMIT_MS } from '../../cli/serve/run-serve.ts'
import { parseServeSettings, ROLES, type RoleName } from '../../cli/serve/serve-settings.ts'
import { VERSION } from '../../cli/version.ts'
import { isRead } from './engines.ts'

interface Service {
  image: string
  build?: { context: string; dockerfile: string }
  command?: string[] | string
  environment: Record<string, string>
  depends_on?: Record<string, { condition: string }>
  healthcheck: { test: string[] }
  read_only?: boolean
  tmpfs?: string[]
  cap_drop?: string[]
  security_opt?: string[]
  stop_grace_period: string
  networks: string[]
  ports?: string[]
  volumes?: string[]
  restart: string
  deploy: { resources: { limits: { cpus: string; memory: string } } }
}

interface Compose {
  services: Record<string, Service>
  networks: Record<string, { internal?: boolean }>
  volumes: Record<string, object>
}

const folder = join(import.meta.dirname, '..', '..', 'deploy')
const text = readFileSync(join(folder, 'compose.yaml'), 'utf8')
const example = readFileSync(join(folder, '.env.example'), 'utf8')
const exampleEnv = Object.fromEntries(
  [...example.matchAll(/^([A-Z_]+)=(.*)$/gm)].map((match) => [match[1]!, match[2]!]),
)

/** As Compose puts variables into the file: the forms that are in use. */
function interpolate(source: string, env: Readonly<Record<string, string>>): string {
  return source.replaceAll(/\$\{(\w+)(?::(-|\?)([^}]*))?\}/g, (_, name: string, form = '', rest = '') => {
    const value = env[name]
    if (value !== undefined && value !== '') return value
    if (form === '?') throw new Error(`${name}: ${rest}`)
    return rest
  })
}

const read = (env: Readonly<Record<string, string>>): Compose =>
  parse(interpolate(text, env), { merge: true }) as Compose
const PASSWORDS = { CLICKHOUSE_PASSWORD: 'cpw', REDIS_PASSWORD: 'rpw' }
const compose = read({ ...exampleEnv, ...PASSWORDS })
const { services } = compose
const serviceOf = (name: string): Service => {
  const service = services[name]
  if (service === undefined) throw new Error(`there is no service ${name}`)
  return service
}

describe('the file', () => {
  test('is valid by the Compose Specification', () => {
    const schema = JSON.parse(
      readFileSync(join(import.meta.dirname, '..', 'fixtures', 'schemas', 'compose-spec.json'), 'utf8'),
    ) as object
    const ajv = new Ajv2020({ strict: false, allErrors: true })
    formats.default(ajv)
    const validate = ajv.compile(schema)
    expect(validate(compose), JSON.stringify(validate.errors)).toBe(true)
    expect(validate({ ...compose, services: { ...services, api: { ...services.api, helthcheck: {} } } })).toBe(false)
  })

  test('has the engines and every role', () => {
    expect(Object.keys(services).sort()).toEqual(['clickhouse', 'kafka', 'redis', ...ROLES].sort())
  })

  test('does not start without passwords, and says which are missing', () => {
    expect(() => read(exampleEnv)).toThrow(/^(CLICKHOUSE|REDIS)_PASSWORD: set it in deploy\/\.env$/)
  })

  test('asks for nothing that the example does not name, and the example names nothing else', () => {
    const asked = new Set([...text.matchAll(/\$\{(\w+)/g)].map((match) => match[1]!))
    expect([...asked].sort()).toEqual(Object.keys(exampleEnv).sort())
  })

  test('has the same defaults as the example', () => {
    expect(read(PASSWORDS)).toEqual(read({ ...exampleEnv, ...PASSWORDS, ASSAY_PUBLIC_URL: '' }))
  })
})

describe.each(Object.keys(services))('%s', (name) => {
  const service = serviceOf(name)

  test('has an image with a tag, a health check, limits, and comes back', () => {
    expect(service.image).toMatch(/^[\w./-]+:\d[\w.-]*$/)
    expect(service.healthcheck.test.length).toBeGreaterThan(1)
    expect(service.deploy.resources.limits).toEqual({ cpus: expect.any(String), memory: expect.any(String) })
    expect(service.restart).toBe('unless-stopped')
    expect(service.networks.filter((network) => compose.networks[network] === undefined)).toEqual([])
  })

  test('mounts what there is', () => {
    for (const volume of service.volumes ?? []) {
      const [source = ''] = volume.split(':')
      const isThere = source.startsWith('.') ? existsSync(join(folder, source)) : compose.volumes[source] !== undefined
      expect(isThere, volume).toBe(true)
    }
  })

  test('has options in one piece', () => {
    const { tmpfs = [] } = service
    expect(tmpfs.filter((mount) => !mount.startsWith('/'))).toEqual([])
  })

  test('publishes to this machine alone', () => {
    expect((service.ports ?? []).filter((port) => !port.startsWith('127.0.0.1:'))).toEqual([])
  })
})

/** They share through Redis what each would count by itself. */
const DOES_WITHOUT: Readonly<Partial<Record<RoleName, readonly string[]>>> = {
  gateway: ['REDIS_URL'],
  'trans-evaluate': ['REDIS_URL'],
}

describe.each(ROLES)('the role %s', (role) => {
  const service = serviceOf(role)
  const engines: Readonly<Record<string, string>> = {
    ASSAY_LOG_URL: 'kafka',
    ASSAY_TRACES_URL: 'clickhouse',
    REDIS_URL: 'redis',
  }

  test('is the image that the Dockerfile builds', () => {
    expect(service.command).toEqual(['serve', role])
    expect(service.image).toBe(`assay:${VERSION}`)
    expect(existsSync(join(folder, service.build?.context ?? '', service.build?.dockerfile ?? ''))).toBe(true)
  })

  test('has the environment that the code asks for, and no address that it does not', () => {
    const { environment } = service
    expect(Object.keys(environment).filter((variable) => !isRead(variable))).toEqual([])
    expect(parseServeSettings([role], {}, environment)).toMatchObject({ ok: true })
    for (const variable of Object.keys(engines).filter((one) => one in environment))
      expect(parseServeSettings([role], {}, { ...environment, [variable]: '' }).ok, variable).toBe(
        DOES_WITHOUT[role]?.includes(variable) ?? false,
      )
  })

  test('waits until its engines are healthy', () => {
    const waitsFor = (one: string, seen: readonly string[] = []): string[] =>
      Object.entries(serviceOf(one).depends_on ?? {}).flatMap(([other, { condition }]) => {
        expect({ other, condition }).toEqual({ other, condition: 'service_healthy' })
        if (seen.includes(other)) throw new Error(`${one} waits for itself`)
        return [other, ...waitsFor(other, [...seen, other])]
      })
    const waited = waitsFor(role)
    for (const [variable, engine] of Object.entries(engines)) {
      if (variable in service.environment) expect(waited).toContain(engine)
    }
  })

  test('asks itself whether it is ready', () => {
    expect(service.healthcheck.test).toEqual(['CMD', 'node', '/opt/assay/healthcheck.mjs'])
  })

  test('has no more rights than it needs, and time to drain', () => {
    expect(service).toMatchObject({ read_only: true, cap_drop: ['ALL'], security_opt: ['no-new-privileges:true'] })
    expect(Number.parseInt(service.stop_grace_period, 10) * 1000).toBeGreaterThan(DRAIN_LIMIT_MS)
    const OUTWARD: readonly RoleName[] = ['gateway', 'api', 'worker', 'alerts']
    expect(service.networks).toEqual(OUTWARD.includes(role) ? ['engines', 'outside'] : ['engines'])
    expect(compose.networks.engines?.internal).toBe(true)
  })
})

describe('ClickHouse', () => {
  const server = readFileSync(join(folder, 'clickhouse', 'server.xml'), 'utf8')

  test.each(['server.xml', 'users.xml'])('%s is well-formed', (file) => {
    const xml = readFileSync(join(folder, 'clickhouse', file), 'utf8').replaceAll(/<!--.*?-->/gs, '')
    const open: string[] = []
    for (const [, end, name = '', alone] of xml.matchAll(/<(\/?)([\w]+)[^<>]*?(\/?)>/g)) {
      if (alone === '/') continue
      if (end === '/') expect(open.pop()).toBe(name)
      else open.push(name)
    }
    expect(open).toEqual([])
    expect(xml.replaceAll(/<[^<>]+>/g, '')).not.toMatch(/[<>&]/)
  })

  test('keeps no table about itself without a bound', () => {
    const tables = [...server.matchAll(/<(\w+_log)(?:>(.*?)<\/\1>| remove="1"\/>)/gs)]
    expect(tables.length).toBeGreaterThan(15)
    const kept = tables.filter(([, , body]) => body !== undefined)
    expect(kept.map(([, name]) => name)).toContain('query_log')
    expect(kept.filter(([, , body]) => !/<ttl>event_date \+ INTERVAL \d+ DAY DELETE<\/ttl>/.test(body ?? ''))).toEqual(
      [],
    )
  })
})
