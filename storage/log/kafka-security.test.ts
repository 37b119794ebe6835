import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Authority, createAuthority, type Signed } from '../../test/support/certificates.ts'
import { freePort } from '../../test/support/free-port.ts'
import { type KafkaBroker, startKafkaBroker } from '../../test/support/kafka-broker.ts'
import { kafkaIsMissing } from '../../test/support/kafka-jars.ts'
import { type KafkaSettings, saslLogin } from './kafka/config.ts'
import { openKafkaLog } from './kafka.ts'

const missing = kafkaIsMissing()
const PASSWORD = 'correct horse'
const MECHANISMS = ['plain', 'scram-sha-256', 'scram-sha-512'] as const

describe.skipIf(missing !== null)(`brokers that ask who it is${missing === null ? '' : ` need ${missing}`}`, () => {
  let folder = ''
  let broker: KafkaBroker
  let authority: Authority
  let client: Signed
  const ports = { SASL_SSL: 0, SSL: 0 }

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'assay-tls-'))
    authority = createAuthority(folder, 'authority')
    client = authority.sign('client', 'DNS:client')
    const server = authority.sign('server', 'IP:127.0.0.1')
    const [keystore, truststore] = [join(folder, 'keystore.pem'), join(folder, 'truststore.pem')]
    writeFileSync(keystore, `${server.key}${server.certificate}`)
    writeFileSync(truststore, authority.certificate)
    ports.SASL_SSL = await freePort()
    ports.SSL = await freePort()
    const plain = 'org.apache.kafka.common.security.plain.PlainLoginModule'
    const scram = 'org.apache.kafka.common.security.scram.ScramLoginModule required;'
    broker = await startKafkaBroker({
      listeners: ports,
      scram: ['SCRAM-SHA-256', 'SCRAM-SHA-512'].map((name) => `${name}=[name=assay,password=${PASSWORD}]`),
      properties: {
        'ssl.keystore.type': 'PEM',
        'ssl.keystore.location': keystore,
        'ssl.truststore.type': 'PEM',
        'ssl.truststore.location': truststore,
        'sasl.enabled.mechanisms': 'PLAIN,SCRAM-SHA-256,SCRAM-SHA-512',
        'listener.name.sasl_ssl.plain.sasl.jaas.config': `${plain} required user_assay="${PASSWORD}";`,
        'listener.name.sasl_ssl.scram-sha-256.sasl.jaas.config': scram,
        'listener.name.sasl_ssl.scram-sha-512.sasl.jaas.config': scram,
        'listener.name.ssl.ssl.client.auth': 'required',
      },
    })
  }, 60_000)
  afterAll(async () => {
    await broker?.stop()
    rmSync(folder, { recursive: true, force: true })
  })

  const settings = (over: Partial<KafkaSettings>): KafkaSettings => ({
    brokers: [`127.0.0.1:${ports.SASL_SSL}`],
    tls: { ca: authority.certificate },
    sasl: saslLogin('scram-sha-512', 'assay', PASSWORD),
    compression: 'none',
    replicationFactor: null,
    sessionTimeoutMs: null,
    ...over,
  })

  async function refusalOf(over: Partial<KafkaSettings>): Promise<string> {
    const outcome = await openKafkaLog({ settings: settings(over) }).then(
      async (log) => {
        await log.close()
        return 'let in'
      },
      (error: Error) => error.message,
    )
    expect(outcome).not.toContain(PASSWORD)
    return outcome
  }

  test.each(MECHANISMS)(
    'lets in a user by %s, who appends and reads back',
    async (mechanism) => {
      const log = await openKafkaLog({ settings: settings({ sasl: saslLogin(mechanism, 'assay', PASSWORD) }) })
      const topic = `by-${mechanism}`
      const spec = { name: topic, partitions: 1, retentionMs: 60_000, retentionBytes: null, compacted: false }
      await log.ensureTopics([spec])
      await log.append(topic, [{ key: null, value: Buffer.from('hello') }])
      const consumer = await log.openConsumer({ groupId: topic, topics: [topic], startFrom: 'earliest' })
      let records: readonly { value: Uint8Array }[] = []
      while (records.length === 0) records = await consumer.fetch({ maxBytes: 1_000, maxWaitMs: 500 })
      expect(Buffer.from(records[0]!.value).toString()).toBe('hello')
      await log.close()
    },
    30_000,
  )

  test('lets in a client by its certificate', async () => {
    const tls = { ca: authority.certificate, cert: client.certificate, key: client.key }
    expect(await refusalOf({ brokers: [`127.0.0.1:${ports.SSL}`], tls, sasl: null })).toBe('let in')
  })

  test.each(MECHANISMS)('a wrong password by %s', async (mechanism) => {
    const told = await refusalOf({ sasl: saslLogin(mechanism, 'assay', 'wrong') })
    expect(told).toMatch(/refuse the user assay by .*log\.sasl\.password/)
    expect(told).not.toContain('wrong')
  })

  test('an authority that this machine does not know', async () => {
    expect(await refusalOf({ tls: {} })).toContain('name it by log.tls.ca')
    const other = createAuthority(folder, 'other').certificate
    expect(await refusalOf({ tls: { ca: other } })).toContain('not the one of log.tls.ca')
  })

  test('a certificate for another host', async () => {
    const told = await refusalOf({ brokers: [`localhost:${ports.SASL_SSL}`] })
    expect(told).toContain('for another host: look at log.url')
  })

  test('no certificate where one is asked for', async () => {
    const told = await refusalOf({ brokers: [`127.0.0.1:${ports.SSL}`], sasl: null })
    expect(told).toContain('set log.tls.certificate and log.tls.key')
  })

  test('TLS where there is none', async () => {
    expect(await refusalOf({ brokers: [broker.address], sasl: null })).toContain('look at log.tls.enabled')
  }, 30_000)

  test('no TLS where there is some', async () => {
    expect(await refusalOf({ tls: null })).toContain('look at log.tls.enabled')
  }, 60_000)

  test('a user where nobody is asked', async () => {
    expect(await refusalOf({ brokers: [broker.address], tls: null })).toContain('leave log.sasl out')
  }, 30_000)

  test('a key of another certificate', async () => {
    const tls = { ca: authority.certificate, cert: client.certificate, key: authority.sign('another', 'DNS:a').key }
    expect(await refusalOf({ brokers: [`127.0.0.1:${ports.SSL}`], tls, sasl: null })).toContain('key is of another')
  })
})
