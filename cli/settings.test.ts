import { expect, test } from 'vitest'
import { NO_RECEIVERS } from '../alerting/receivers/config.ts'
import { defaultPacks } from './pack-folder.ts'
import { parseUpSettings } from './settings.ts'

test('the defaults are the standard packs on the well-known ports, on loopback', () => {
  expect(parseUpSettings({}, {})).toMatchObject({
    ok: true,
    settings: {
      data: '.assay',
      evals: defaultPacks,
      otlpHttpPort: 4318,
      otlpGrpcPort: 4317,
      maxEvaluateLagMs: 600_000,
      access: 'open',
      httpPort: 3000,
      host: '127.0.0.1',
      logMaxBytes: 10 * 2 ** 30,
      logPartitions: 24,
      logUrl: null,
      tracesUrl: null,
      redis: null,
      publicUrl: null,
      providers: [],
      receivers: NO_RECEIVERS,
    },
  })
})

test('the environment sets the same as the flags, and a flag wins', () => {
  const env = {
    ASSAY_DATA: '/data',
    ASSAY_EVALS: 'a,b',
    ASSAY_OTLP_HTTP_PORT: '0',
    ASSAY_HTTP_PORT: '8080',
    ASSAY_HOST: '0.0.0.0',
    ASSAY_LOG_MAX_BYTES: '20GB',
    ASSAY_LOG_URL: 'kafka://u:p@a',
    ASSAY_TRACES_URL: 'http://u:p@clickhouse:8123',
    REDIS_URL: 'rediss://:p@redis/1?ca=ca.pem',
  }
  expect(parseUpSettings({ httpPort: '9090' }, env)).toMatchObject({
    ok: true,
    settings: {
      data: '/data',
      evals: ['a', 'b'],
      otlpHttpPort: 0,
      httpPort: 9090,
      host: '0.0.0.0',
      access: 'keys',
      logMaxBytes: 20e9,
      logUrl: {
        brokers: ['a:9092'],
        tls: null,
        sasl: { mechanism: 'plain', username: 'u', password: 'p' },
        compression: 'lz4',
        replicationFactor: null,
        sessionTimeoutMs: null,
      },
      tracesUrl: 'http://u:p@clickhouse:8123',
      redis: {
        host: 'redis',
        port: 6379,
        username: null,
        password: 'p',
        db: 1,
        tls: { caFile: 'ca.pem', certFile: null, keyFile: null },
        cluster: false,
        prefix: 'assay',
      },
    },
  })
})

test('an empty variable is one that is not set', () => {
  expect(parseUpSettings({}, { ASSAY_HTTP_PORT: '' })).toMatchObject({ ok: true, settings: { httpPort: 3000 } })
})

test.each([
  ['50000000', 50_000_000],
  ['32MiB', 32 << 20],
  ['1.5 gb', 1.5e9],
  ['2TiB', 2 * 2 ** 40],
])('a size of %s', (logMaxBytes, bytes) => {
  expect(parseUpSettings({ logMaxBytes }, {})).toMatchObject({ ok: true, settings: { logMaxBytes: bytes } })
})

test.each([
  [{ logMaxBytes: '20 apples' }, {}, ['--log-max-bytes must be a size, such as 20GB or 512MiB (it is "20 apples")']],
  [{}, { ASSAY_LOG_MAX_BYTES: '1MB' }, ['ASSAY_LOG_MAX_BYTES must be at least 32MiB (it is "1MB")']],
  [
    {},
    { ASSAY_LOG_URL: 'amqp://u:secret@a' },
    ["ASSAY_LOG_URL is refused: the log's URL has to look like kafka://host:9092,host2:9092?tls=true"],
  ],
  [{ tracesUrl: 'tcp://u:secret@a' }, {}, ['--traces-url must look like http://user:password@host:8123']],
  [{ redisUrl: 'redis://:secret@a/x' }, {}, ['--redis-url names a database that is no number']],
  [
    {},
    { REDIS_URL: 'http://secret@a' },
    ['REDIS_URL must look like redis://user:password@host:6379, or rediss://… for TLS'],
  ],
  [{ httpPort: 'seven' }, {}, ['--http-port must be a port, between 0 and 65535 (it is "seven")']],
  [{ httpPort: '70000' }, {}, ['--http-port must be a port, between 0 and 65535 (it is "70000")']],
  [{ otlpHttpPort: '1.5' }, {}, ['--otlp-http-port must be a port, between 0 and 65535 (it is "1.5")']],
  [{ otlpHttpPort: '' }, {}, ['--otlp-http-port must be a port, between 0 and 65535 (it is "")']],
  [{}, { ASSAY_HTTP_PORT: '-1' }, ['ASSAY_HTTP_PORT must be a port, between 0 and 65535 (it is "-1")']],
  [
    { httpPort: 'x', data: '' },
    {},
    ['--data must name a folder (it is "")', '--http-port must be a port, between 0 and 65535 (it is "x")'],
  ],
  [{ httpPort: '4318' }, {}, ['--otlp-http-port and --http-port must differ (both are 4318)']],
  [{ otlpGrpcPort: '3000' }, {}, ['--otlp-grpc-port and --http-port must differ (both are 3000)']],
])('%j with %j: every wrong setting is named with where it was set', (flags, env, problems) => {
  expect(parseUpSettings(flags, env)).toEqual({ ok: false, problems })
})
