/** The log's settings, users and all, count for keys as they do for roles. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import { freePort } from '../../test/support/free-port.ts'
import { type KafkaBroker, startKafkaBroker } from '../../test/support/kafka-broker.ts'
import { kafkaIsMissing } from '../../test/support/kafka-jars.ts'
import { openOffice } from './office.ts'

afterEach(() => vi.unstubAllEnvs())

test('halves of a user are told before anything is asked', async () => {
  vi.stubEnv('ASSAY_LOG_SASL_USERNAME', 'assay')
  const office = await openOffice({ logUrl: 'kafka://nowhere.invalid:9092' })
  expect(office).toMatchObject({ ok: false, message: expect.stringContaining('needs log.sasl.password beside it') })
  expect(await openOffice({ logUrl: 'http://nowhere.invalid' })).toMatchObject({
    ok: false,
    message: expect.stringContaining('--log-url'),
  })
})

const missing = kafkaIsMissing()

describe.skipIf(missing !== null)(`where brokers ask who it is ${missing ?? ''}`, () => {
  const folder = mkdtempSync(join(tmpdir(), 'assay-office-'))
  let broker: KafkaBroker
  let port: number
  beforeAll(async () => {
    port = await freePort()
    broker = await startKafkaBroker({
      listeners: { SASL_PLAINTEXT: port },
      scram: ['SCRAM-SHA-512=[name=assay,password=secret]'],
      properties: {
        'sasl.enabled.mechanisms': 'SCRAM-SHA-512',
        'listener.name.sasl_plaintext.scram-sha-512.sasl.jaas.config':
          'org.apache.kafka.common.security.scram.ScramLoginModule required;',
      },
    })
  }, 60_000)
  afterAll(async () => {
    await broker.stop()
    rmSync(folder, { recursive: true, force: true })
  })

  test('the user of assay.yaml and the password of the environment make a key', async () => {
    const config = join(folder, 'assay.yaml')
    writeFileSync(config, 'log:\n  sasl:\n    mechanism: scram-sha-512\n    username: assay\n')
    vi.stubEnv('ASSAY_LOG_SASL_PASSWORD', 'secret')
    const office = await openOffice({ logUrl: `kafka://127.0.0.1:${port}`, config })
    if (!office.ok) throw new Error(office.message)
    const made = await office.value.create({ role: 'admin', name: 'first', tenant: 'acme', expiresInDays: undefined })
    expect(made).toMatchObject({ ok: true, value: { tenant: 'acme', role: 'admin' } })
    await office.value.close()
    vi.stubEnv('ASSAY_LOG_SASL_PASSWORD', 'another')
    expect(await openOffice({ logUrl: `kafka://127.0.0.1:${port}`, config })).toMatchObject({
      ok: false,
      message: expect.stringContaining('they refuse the user assay by scram-sha-512'),
    })
  }, 60_000)
})
