import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { Redis } from 'ioredis'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import {
  makeTlsFiles,
  type RedisServerOptions,
  type RunningRedis,
  redisServer,
  redisSettings,
  startRedis,
} from '../../test/support/redis-server.ts'
import { stateContract } from './contract.ts'
import { StateError, type StateStore } from './port.ts'
import { openRedisState, type RedisStateOptions } from './redis.ts'

const PASSWORD = 'hunter2/&?'
const login = `assay:${encodeURIComponent(PASSWORD)}@`

const errors: Error[] = []
const open = (url: string, more: Partial<RedisStateOptions> = {}): Promise<StateStore> =>
  openRedisState({ settings: redisSettings(url), onError: (error) => void errors.push(error), ...more })

const withLogin = (url: string, parameters = ''): string => url.replace('://', `://${login}`) + parameters

// Where Redis is required (CI) its absence fails in beforeAll instead of skipping.
describe.skipIf(!redisServer.installed && !redisServer.required)(
  'on redis-server (skipped where it is not installed)',
  () => {
    const folder = mkdtempSync(join(tmpdir(), 'assay-tls-'))
    const servers: RunningRedis[] = []
    const start = async (options?: RedisServerOptions): Promise<RunningRedis> => {
      const server = await startRedis(options)
      servers.push(server)
      return server
    }
    let redis: RunningRedis
    let secured: RunningRedis
    let clustered: RunningRedis
    let securedUrl = ''
    beforeAll(async () => {
      const tls = makeTlsFiles(folder)
      // The user may touch Assay's keys alone: the prefix holds.
      const users = { assay: `on >${PASSWORD} ~assay:* +@all -@admin` }
      ;[redis, secured, clustered] = await Promise.all([start(), start({ tls, users }), start({ cluster: true })])
      securedUrl = withLogin(secured.url, `?ca=${encodeURIComponent(tls.caFile)}`)
    })
    afterAll(async () => {
      await Promise.all(servers.map((server) => server.stop()))
      rmSync(folder, { recursive: true })
    })
    afterEach(() => {
      errors.length = 0
    })

    stateContract('redis', () => ({ open: () => open(redis.url), pass: wait }))
    stateContract('redis over TLS, as a user', () => ({ open: () => open(securedUrl), pass: wait }))
    stateContract('redis cluster', () => ({ open: () => open(`${clustered.url}?cluster=true`), pass: wait }))

    test('instances by different prefixes do not see each other', async () => {
      const [a, b] = await Promise.all([open(redis.url), open(`${redis.url}?prefix=other`)])
      await a.set('whose', 'a', 60_000)
      expect(await b.get('whose')).toBeUndefined()
      const client = new Redis(redis.url)
      expect(await client.keys('*whose')).toEqual(['assay:state:whose'])
      client.disconnect()
      await Promise.all([a.close(), b.close()])
    })

    test.each([
      ['no login', () => securedUrl.replace(login, ''), 'refuses the user or the password'],
      ['a wrong password', () => securedUrl.replace(login, 'assay:wrong@'), 'refuses the user or the password'],
      ['another user', () => securedUrl.replace(login, 'nobody:wrong@'), 'refuses the user or the password'],
      ['an authority that is not known', () => withLogin(secured.url), 'a certificate that is not trusted'],
      ['no TLS', () => withLogin(secured.url).replace('rediss:', 'redis:'), 'does not answer'],
      ['TLS to a server without', () => redis.url.replace('redis:', 'rediss:'), 'does not answer'],
      ['a file that is not there', () => `${securedUrl}x`, 'The file that ca= names'],
    ])('%s is a clear error without secrets', async (_, url, message) => {
      const error = await open(url(), { connectTimeoutMs: 700 }).catch((thrown: unknown) => thrown)
      expect(error).toBeInstanceOf(StateError)
      expect((error as StateError).message).toContain(message)
      for (const one of [error as StateError, ...errors]) expect(inspected(one)).not.toMatch(/hunter2|wrong/)
    })

    test('killed and started again: operations fail at once, and work again by themselves', async () => {
      const server = await start({ users: { assay: `on >${PASSWORD} ~assay:* +@all` } })
      const state = await open(withLogin(server.url))
      await state.set('before', 'kept', 60_000)
      await server.kill()
      await untilRejected(() => state.get('before'))
      const startedMs = performance.now()
      await expect(state.set('during', 'x', 60_000)).rejects.toThrow(
        /^Redis at redis:\/\/127\.0\.0\.1:\d+ does not answer/,
      )
      await expect(state.compareAndSet('during', undefined, 'x', 60_000)).rejects.toThrow(StateError)
      expect(performance.now() - startedMs).toBeLessThan(5_000)
      while (errors.length === 0) await wait(10)
      await server.start()
      await untilResolved(() => state.get('before'))
      expect(await state.get('before')).toBe('kept')
      // The server has forgotten the script.
      expect(await state.compareAndSet('before', 'kept', 'changed', 60_000)).toBe(true)
      expect(await state.get('during')).toBeUndefined()
      for (const error of errors) expect(inspected(error)).not.toContain('hunter2')
      await state.close()
    })

    test('a server without memory left says so, and what is there can be read', async () => {
      const server = await start()
      const state = await open(server.url)
      await state.set('there', 'x', 60_000)
      const admin = new Redis(server.url)
      await admin.config('SET', 'maxmemory', '1')
      await expect(state.set('more', 'x', 60_000)).rejects.toThrow(/refuses a command \(OOM command not allowed/)
      expect(await state.get('there')).toBe('x')
      admin.disconnect()
      await state.close()
    })

    test('a server that is frozen costs an operation no more than its time', async () => {
      const server = await start()
      const state = await open(server.url, { operationTimeoutMs: 200 })
      server.freeze()
      await expect(state.get('frozen')).rejects.toThrow(StateError)
      server.thaw()
      await untilResolved(() => state.get('frozen'))
      await state.close()
    })
  },
)

test('a Redis that is not there is a clear error that keeps the password to itself', async () => {
  await expect(open('redis://assay:hunter2@127.0.0.1:1', { connectTimeoutMs: 300 })).rejects.toThrow(
    'Redis at redis://127.0.0.1:1 does not answer (ECONNREFUSED).',
  )
})

/** All that a logger could print of it. */
function inspected(error: Error): string {
  return `${JSON.stringify({ ...error })} ${error.message} ${error.stack} ${String(error.cause)}`
}

async function untilRejected(operation: () => Promise<unknown>): Promise<void> {
  while (
    await operation().then(
      () => true,
      () => false,
    )
  )
    await wait(10)
}

async function untilResolved(operation: () => Promise<unknown>): Promise<void> {
  while (
    !(await operation().then(
      () => true,
      () => false,
    ))
  )
    await wait(10)
}
