import { expect, test } from 'vitest'
import { packFolder } from './load-evals.ts'
import { parseUpSettings } from './settings.ts'

test('the defaults are the standard packs on the well-known ports, on loopback', () => {
  expect(parseUpSettings({}, {})).toEqual({
    ok: true,
    settings: { data: '.assay', evals: [packFolder], otlpHttpPort: 4318, httpPort: 3000, host: '127.0.0.1' },
  })
})

test('the environment sets the same as the flags, and a flag wins', () => {
  const env = {
    ASSAY_DATA: '/data',
    ASSAY_EVALS: 'a,b',
    ASSAY_OTLP_HTTP_PORT: '0',
    ASSAY_HTTP_PORT: '8080',
    ASSAY_HOST: '0.0.0.0',
  }
  expect(parseUpSettings({ httpPort: '9090' }, env)).toEqual({
    ok: true,
    settings: { data: '/data', evals: ['a', 'b'], otlpHttpPort: 0, httpPort: 9090, host: '0.0.0.0' },
  })
})

test('an empty variable is one that is not set', () => {
  expect(parseUpSettings({}, { ASSAY_HTTP_PORT: '' })).toMatchObject({ ok: true, settings: { httpPort: 3000 } })
})

test.each([
  [{ httpPort: 'seven' }, {}, ['--http-port must be a port number (it is "seven")']],
  [{ httpPort: '70000' }, {}, ['--http-port must be between 0 and 65535 (it is "70000")']],
  [{ otlpHttpPort: '1.5' }, {}, ['--otlp-http-port must be a whole number (it is "1.5")']],
  [{ otlpHttpPort: '' }, {}, ['--otlp-http-port must be a port number (it is "")']],
  [{}, { ASSAY_HTTP_PORT: '-1' }, ['ASSAY_HTTP_PORT must be between 0 and 65535 (it is "-1")']],
  [
    { httpPort: 'x', data: '' },
    {},
    ['--data must name a folder (it is "")', '--http-port must be a port number (it is "x")'],
  ],
  [{ httpPort: '4318' }, {}, ['--otlp-http-port and --http-port must differ (both are 4318)']],
])('%j with %j: every wrong setting is named with where it was set', (flags, env, problems) => {
  expect(parseUpSettings(flags, env)).toEqual({ ok: false, problems })
})
