import {
  COMPRESSIONS,
  DEFAULT_COMPRESSION,
  type KafkaSettings,
  type KafkaUrl,
  readKafkaUrl,
  SASL_MECHANISMS,
  saslLogin,
} from '../../../storage/log/kafka/config.ts'
import { KAFKA_TRACES_PARTITIONS } from '../../../storage/log/topics.ts'
import { engineUrl, pem, secretText } from '../secret.ts'
import { type Complaint, group, setting, type ValueOf } from '../setting.ts'
import { boolean, oneOf, optional, size, text, wholeNumber } from '../values.ts'

/** A topic that holds less than a request of the greatest size would never take one. */
const MIN_LOG_BYTES = 32 << 20

const kafkaUrl = engineUrl('kafka://host:9092,host2:9092', (given) => {
  const parsed = readKafkaUrl(given)
  return parsed.ok ? null : `is refused: ${parsed.message}`
})

const sasl = group('How a client says who it is.', {
  mechanism: setting(optional(oneOf(SASL_MECHANISMS)), {
    about: 'how the password is proved',
    default: null,
    without: '`plain`, when there is a user',
    variables: ['ASSAY_LOG_SASL_MECHANISM'],
  }),
  username: setting(optional(text('a name')), {
    about: 'the user',
    default: null,
    variables: ['ASSAY_LOG_SASL_USERNAME'],
  }),
  password: setting(optional(secretText), {
    about: "the user's password",
    default: null,
    variables: ['ASSAY_LOG_SASL_PASSWORD'],
  }),
})

const tls = group('Encryption, and certificates of either side.', {
  enabled: setting(optional(boolean), {
    about: 'speak TLS',
    default: null,
    without: '`true` when another of these is set',
    variables: ['ASSAY_LOG_TLS'],
  }),
  ca: setting(optional(pem('a certificate')), {
    about: "the authority that signed the brokers' certificates",
    default: null,
    without: 'those that Node trusts',
    variables: ['ASSAY_LOG_TLS_CA'],
  }),
  certificate: setting(optional(pem('a certificate')), {
    about: "the client's, where brokers ask for one",
    default: null,
    variables: ['ASSAY_LOG_TLS_CERTIFICATE'],
  }),
  key: setting(optional(pem('a private key')), {
    about: 'that of `certificate`',
    default: null,
    variables: ['ASSAY_LOG_TLS_KEY'],
  }),
})

const settings = {
  url: setting(optional(kafkaUrl), {
    about: 'the log on Kafka: `kafka://host:9092,host2:9092`',
    default: null,
    without: 'in the data folder',
    flag: '--log-url',
    argument: '<url>',
    variables: ['ASSAY_LOG_URL'],
  }),
  maxSize: setting(size(MIN_LOG_BYTES, '32MiB'), {
    about: 'the most that the log in the data folder keeps of traces, such as 20GB',
    default: 10 * 2 ** 30,
    without: '10GiB',
    flag: '--log-max-bytes',
    argument: '<size>',
    variables: ['ASSAY_LOG_MAX_BYTES'],
    onlyUp: true,
  }),
  compression: setting(optional(oneOf(COMPRESSIONS)), {
    about: 'of what is sent to Kafka',
    default: null,
    without: `\`${DEFAULT_COMPRESSION}\``,
    variables: ['ASSAY_LOG_COMPRESSION'],
  }),
  replication: setting(optional(wholeNumber(1, 99)), {
    about: 'replicas of topics that are made',
    default: null,
    without: 'three, or as many as there are brokers',
    variables: ['ASSAY_LOG_REPLICATION'],
  }),
  sessionSeconds: setting(optional(wholeNumber(1, 999)), {
    about: 'after this much silence the partitions of a process are given to others',
    default: null,
    without: '15',
    variables: ['ASSAY_LOG_SESSION_SECONDS'],
  }),
  partitions: setting(wholeNumber(1, 10_000), {
    about: 'of `agent-traces` on Kafka, when it is made: so many processors can share it',
    default: KAFKA_TRACES_PARTITIONS,
    variables: ['ASSAY_LOG_PARTITIONS'],
  }),
  sasl,
  tls,
}

type LogConfig = { readonly [K in keyof typeof settings]: ValueOf<(typeof settings)[K]> }

export const log = group('Where records wait between roles.', settings, (config) => [
  ...saidTwice(config),
  ...halves(config),
])

function urlOf({ url }: LogConfig): KafkaUrl | null {
  if (url === null) return null
  const parsed = readKafkaUrl(url.reveal())
  return parsed.ok ? parsed.url : null
}

/** What stands in the address, and by itself with another value: nobody could say which counts. */
function saidTwice(config: LogConfig): Complaint[] {
  const url = urlOf(config)
  if (url === null) return []
  const pairs: readonly (readonly [path: string, here: unknown, there: unknown])[] = [
    ['log.compression', config.compression, url.compression],
    ['log.replication', config.replication, url.replicationFactor],
    ['log.sessionSeconds', msOf(config.sessionSeconds), url.sessionTimeoutMs],
    ['log.tls.enabled', config.tls.enabled, url.isTls],
    ['log.sasl.mechanism', config.sasl.mechanism, url.mechanism],
    ['log.sasl.username', config.sasl.username, url.username],
    ['log.sasl.password', config.sasl.password?.reveal() ?? null, url.password],
  ]
  return pairs
    .filter(([, here, there]) => here !== null && there !== null && here !== there)
    .map(([path]) => ({ path, message: 'differs from what log.url has of it: leave one of them out' }))
}

function halves(config: LogConfig): Complaint[] {
  const url = urlOf(config)
  const { sasl, tls } = config
  const has = (one: unknown, other: unknown): boolean => (one ?? other ?? null) !== null
  const user = has(sasl.username, url?.username)
  const password = has(sasl.password, url?.password)
  const complaints: Complaint[] = []
  const add = (path: string, message: string): void => void complaints.push({ path: `log.${path}`, message })
  if (user && !password) add('sasl.username', 'needs log.sasl.password beside it')
  if (password && !user) add('sasl.password', 'needs log.sasl.username beside it')
  if (!user && !password && has(sasl.mechanism, url?.mechanism))
    add('sasl.mechanism', 'needs log.sasl.username and log.sasl.password beside it')
  if (tls.certificate !== null && tls.key === null) add('tls.certificate', 'needs log.tls.key beside it')
  if (tls.key !== null && tls.certificate === null) add('tls.key', 'needs log.tls.certificate beside it')
  if (tls.enabled === false && [tls.ca, tls.certificate, tls.key].some((one) => one !== null))
    add('tls.enabled', 'is false, while certificates are set')
  return complaints
}

/** Null without a `url`: the log is then in the data folder. */
export function kafkaSettingsOf(config: LogConfig): KafkaSettings | null {
  const url = urlOf(config)
  if (url === null) return null
  const { sasl, tls } = config
  const certificates = {
    ...(tls.ca !== null && { ca: tls.ca.reveal() }),
    ...(tls.certificate !== null && { cert: tls.certificate.reveal() }),
    ...(tls.key !== null && { key: tls.key.reveal() }),
  }
  const isTls = tls.enabled ?? url.isTls ?? Object.keys(certificates).length > 0
  const username = sasl.username ?? url.username
  const password = sasl.password?.reveal() ?? url.password
  return {
    brokers: url.brokers,
    tls: isTls ? certificates : null,
    sasl: saslLogin(sasl.mechanism ?? url.mechanism, username, password),
    compression: config.compression ?? url.compression ?? DEFAULT_COMPRESSION,
    replicationFactor: config.replication ?? url.replicationFactor,
    sessionTimeoutMs: msOf(config.sessionSeconds) ?? url.sessionTimeoutMs,
  }
}

const msOf = (seconds: number | null): number | null => (seconds === null ? null : seconds * 1_000)
