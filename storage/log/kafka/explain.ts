/** Why brokers let nobody in, in words that name the setting to look at. */
import { messageOf } from '../../../engine/message-of.ts'
import type { KafkaSettings } from './config.ts'
import { errorTypeOf } from './kafkajs-internals.ts'

const UNKNOWN_AUTHORITY = [
  'SELF_SIGNED_CERT_IN_CHAIN',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'CERT_SIGNATURE_FAILURE',
]

/** A sentence without its end, or null for an outage, which passes: brokers that don't answer, that elect, that start. */
export function explainRefusal(error: unknown, { tls, sasl }: KafkaSettings): string | null {
  const causes = [...causesOf(error)]
  const codes = causes.map(codeOf)
  if (causes.some(({ name }) => name === 'KafkaJSSASLAuthenticationError')) {
    const said = messageOf(causes.at(-1))
    return /not supported|UNSUPPORTED_SASL_MECHANISM/i.test(said)
      ? `they do not take ${sasl?.mechanism}: look at log.sasl.mechanism`
      : `they refuse the user ${sasl?.username} by ${sasl?.mechanism}: look at log.sasl.username, log.sasl.password and log.sasl.mechanism`
  }
  if (codes.some((code) => UNKNOWN_AUTHORITY.includes(code)))
    return `their certificate is signed by an authority that is not ${tls?.ca === undefined ? 'known to this machine: name it by log.tls.ca' : 'the one of log.tls.ca'}`
  if (codes.includes('ERR_TLS_CERT_ALTNAME_INVALID'))
    return `their certificate is for another host: look at log.url, or at the names in the certificate (${altNames(causes)})`
  if (causes.some((cause) => errorTypeOf(cause) === 'ILLEGAL_SASL_STATE'))
    return 'they ask nobody who it is at this address: leave log.sasl out, or look at log.url'
  if (codes.includes('CERT_HAS_EXPIRED')) return 'their certificate has expired'
  if (codes.includes('CERT_NOT_YET_VALID')) return "their certificate is not valid yet: look at this machine's clock"
  if (codes.some((code) => /ALERT_(CERTIFICATE|BAD_CERT|UNKNOWN_CA|HANDSHAKE)|CERTIFICATE_REQUIRED/.test(code)))
    return `they refuse ${tls?.cert === undefined ? 'a client without a certificate: set log.tls.certificate and log.tls.key' : 'the certificate of log.tls.certificate'}`
  const isCutOff = causes.some(({ message }) => /disconnected before secure TLS connection/.test(message))
  if (isCutOff || codes.some((code) => /WRONG_VERSION_NUMBER|PACKET_LENGTH_TOO_LONG/.test(code)))
    return 'they do not speak TLS at this address: look at log.tls.enabled and log.url'
  if (codes.some((code) => /^ERR_OSSL_|ERR_CRYPTO/.test(code)) || causes.some(isUnreadableKey))
    return 'log.tls.ca, log.tls.certificate and log.tls.key cannot be used together: a certificate is damaged, or the key is of another'
  return null
}

/** At the start, when nothing has worked yet: what may well be the reason, to go behind the error. */
export function hintAtStart(error: unknown, { tls }: KafkaSettings): string {
  const isClosed = [...causesOf(error)].some(({ name }) => name === 'KafkaJSConnectionClosedError')
  return isClosed && tls === null ? ' (brokers that speak TLS do that to who does not: look at log.tls.enabled)' : ''
}

function isUnreadableKey({ message }: Error): boolean {
  return /^Failed to connect: .*(key values mismatch|PEM|asn1|DECODER)/i.test(message)
}

/** The error and what stands behind it, outermost first. */
function* causesOf(error: unknown): Generator<Error> {
  let at = error
  for (let depth = 0; at instanceof Error && depth < 10; depth++) {
    yield at
    const { cause, originalError } = at as Error & { originalError?: unknown }
    at = cause ?? originalError
  }
}

function codeOf(error: Error): string {
  const { code } = error as Error & { code?: unknown }
  return typeof code === 'string' ? code : ''
}

/** What the certificate is for, as Node tells it. */
function altNames(causes: readonly Error[]): string {
  const found = causes.map(({ message }) => /altnames?: (.*)$/i.exec(message)?.[1])
  return found.find((one) => one !== undefined) ?? 'it names no host'
}
