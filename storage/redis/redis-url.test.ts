import { describe, expect, test } from 'vitest'
import { parseRedisUrl, type RedisSettings, shownAddress } from './redis-url.ts'

const plain: RedisSettings = {
  host: 'redis',
  port: 6379,
  username: null,
  password: null,
  db: 0,
  tls: null,
  cluster: false,
  prefix: 'assay',
}
const noFiles = { caFile: null, certFile: null, keyFile: null }

describe('what a URL says', () => {
  test.each<[string, Partial<RedisSettings>]>([
    ['redis://redis', {}],
    ['redis://redis:6380/2', { port: 6380, db: 2 }],
    ['redis://:p%40ss%3A@redis', { password: 'p@ss:' }],
    ['redis://assay:secret@redis/', { username: 'assay', password: 'secret' }],
    ['redis://[::1]:6379', { host: '::1' }],
    ['rediss://redis', { tls: noFiles }],
    ['rediss://redis?ca=%2Fetc%2Fca.pem', { tls: { ...noFiles, caFile: '/etc/ca.pem' } }],
    ['rediss://redis?cert=c.pem&key=k.pem', { tls: { ...noFiles, certFile: 'c.pem', keyFile: 'k.pem' } }],
    ['redis://redis?cluster=true&prefix=team-a', { cluster: true, prefix: 'team-a' }],
  ])('%s', (url, expected) => {
    expect(parseRedisUrl(url)).toEqual({ ok: true, settings: { ...plain, ...expected } })
  })
})

describe('what is refused, without repeating it', () => {
  test.each([
    ['127.0.0.1:6379', 'must look like redis://user:password@host:6379'],
    ['http://:hunter2@redis', 'must look like'],
    ['redis:', 'must look like'],
    ['redis://:hunter2@', 'must look like'],
    ['redis://:hunter2@redis/one', 'names a database that is no number'],
    ['redis://:hunter2@redis?tls=true', 'has an unknown parameter tls: it knows ca, cert, key, cluster, prefix'],
    ['redis://:hunter2@redis?ca=a.pem', 'takes ca, cert and key with rediss:// alone'],
    ['rediss://:hunter2@redis?cert=a.pem', 'takes cert and key together'],
    ['redis://:hunter2@redis?cluster=yes', 'takes cluster=true or cluster=false'],
    ['redis://:hunter2@redis/1?cluster=true', 'names a database, and a cluster has only 0'],
    ['redis://:hunter2@redis?prefix={a}', 'takes a prefix of letters'],
    ['redis://:hunter2%@redis', 'has to have user and password percent-encoded'],
  ])('%s', (url, message) => {
    const parsed = parseRedisUrl(url)
    expect(parsed.ok ? '' : parsed.message).toContain(message)
    expect(JSON.stringify(parsed)).not.toContain('hunter2')
  })
})

test.each([
  ['redis://user:hunter2@redis', 'redis://redis:6379'],
  ['rediss://user:hunter2@[::1]:7000/1?ca=x', 'rediss://[::1]:7000'],
])('%s is shown as %s', (url, shown) => {
  const parsed = parseRedisUrl(url)
  expect(parsed.ok && shownAddress(parsed.settings)).toBe(shown)
})
