import { describe, expect, test } from 'vitest'
import { parseKafkaUrl } from './config.ts'

const plain = { tls: null, sasl: null, compression: 'lz4', replicationFactor: null, sessionTimeoutMs: null }

describe("the log's URL", () => {
  test.each([
    ['kafka://localhost', { ...plain, brokers: ['localhost:9092'] }],
    [
      'kafka://a:9092,b.example.org:9093,[::1]:9094/',
      { ...plain, brokers: ['a:9092', 'b.example.org:9093', '[::1]:9094'] },
    ],
    [
      'kafka://us%40er:p%3Aw@a?tls=true&sasl=scram-sha-512&compression=zstd&replication=2',
      {
        brokers: ['a:9092'],
        tls: {},
        sasl: { mechanism: 'scram-sha-512', username: 'us@er', password: 'p:w' },
        compression: 'zstd',
        replicationFactor: 2,
        sessionTimeoutMs: null,
      },
    ],
    [
      'kafka://user:secret@a',
      { ...plain, brokers: ['a:9092'], sasl: { mechanism: 'plain', username: 'user', password: 'secret' } },
    ],
  ])('%s', (url, settings) => {
    expect(parseKafkaUrl(url)).toEqual({ ok: true, settings })
  })

  test.each([
    ['http://a', 'kafka://host:9092'],
    ['kafka://', 'kafka://host:9092'],
    ['kafka://a:0', 'a:0'],
    ['kafka://a:99999', 'a:99999'],
    ['kafka://a b', 'a b'],
    ['kafka://a?retries=3', 'retries'],
    ['kafka://a?tls=yes', 'tls=true or tls=false'],
    ['kafka://a?compression=brotli', 'zstd'],
    ['kafka://a?replication=0', 'replication'],
    ['kafka://u:topsecret@a?sasl=oauth', 'scram-sha-256'],
    ['kafka://a?sasl=plain', 'user:password@'],
    ['kafka://user@a', 'user:password@'],
    ['kafka://u:%zz@a', 'percent-encoded'],
  ])('%s is refused, and the message names %s', (url, named) => {
    const parsed = parseKafkaUrl(url)
    expect(parsed).toMatchObject({ ok: false, message: expect.stringContaining(named) })
    expect(JSON.stringify(parsed)).not.toContain('topsecret')
  })
})
