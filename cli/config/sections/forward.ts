import { DEFAULT_REQUEST_BYTES, MIN_DISK_BYTES, MOST_REQUEST_BYTES } from '../../../ingest/forward/bounds.ts'
import { pem, secretText } from '../secret.ts'
import { type Complaint, group, setting } from '../setting.ts'
import { fraction, httpUrl, oneOf, optional, path, size, wholeNumber } from '../values.ts'

const tls = group('Encryption on the way to the collector, whose address begins with `https://`.', {
  ca: setting(optional(pem('a certificate')), {
    about: "the authority that signed the collector's certificate",
    default: null,
    without: 'those that Node trusts',
    variables: ['ASSAY_FORWARD_TLS_CA'],
  }),
  certificate: setting(optional(pem('a certificate')), {
    about: "the forwarder's own, where the collector asks for one",
    default: null,
    variables: ['ASSAY_FORWARD_TLS_CERTIFICATE'],
  }),
  key: setting(optional(pem('a private key')), {
    about: 'that of `certificate`',
    default: null,
    variables: ['ASSAY_FORWARD_TLS_KEY'],
  }),
})

const settings = {
  url: setting(optional(httpUrl('https://assay.example.org')), {
    about: 'where spans are delivered: a gateway of Assay, or any collector of OTLP over HTTP',
    default: null,
    flag: '--to',
    argument: '<url>',
    variables: ['ASSAY_FORWARD_URL'],
  }),
  key: setting(optional(secretText), {
    about: 'a key of role `ingest`, sent with every request',
    default: null,
    variables: ['ASSAY_FORWARD_KEY', 'ASSAY_KEY'],
  }),
  timeoutSeconds: setting(wholeNumber(1, 300), {
    about: 'a request without an answer is tried again after this',
    default: 30,
    variables: ['ASSAY_FORWARD_TIMEOUT_SECONDS'],
  }),
  tls,
  buffer: setting(path('a folder'), {
    about: 'folder of what is not delivered yet',
    default: '.assay-forward',
    flag: '--buffer',
    argument: '<dir>',
    variables: ['ASSAY_FORWARD_BUFFER'],
  }),
  bufferSize: setting(size(MIN_DISK_BYTES, '64MiB'), {
    about: 'the most that its files take together',
    default: 256 << 20,
    without: '256MiB',
    flag: '--buffer-size',
    argument: '<size>',
    variables: ['ASSAY_FORWARD_BUFFER_SIZE'],
  }),
  maxRequestSize: setting(size(64 << 10, '64KiB', { bytes: MOST_REQUEST_BYTES, text: '20MiB' }), {
    about: 'the most of one request, as sent and inflated, in JSON half of it; memory grows by 7 times what is added',
    default: DEFAULT_REQUEST_BYTES,
    without: '2MiB',
    variables: ['ASSAY_FORWARD_MAX_REQUEST_SIZE'],
  }),
  whenFull: setting(oneOf(['refuse', 'drop_oldest']), {
    about: '`refuse` (503 to the workload, whose SDK decides what to keep), or `drop_oldest`',
    default: 'refuse',
    flag: '--when-full',
    argument: '<what>',
    variables: ['ASSAY_FORWARD_WHEN_FULL'],
  }),
  durability: setting(oneOf(['process', 'power']), {
    about: 'what is acknowledged outlasts the end of the `process`; or, with an fsync each, the loss of `power` too',
    default: 'process',
    variables: ['ASSAY_FORWARD_DURABILITY'],
  }),
  sampleRate: setting(fraction, {
    about: 'the share of traces that is delivered, by their ids; those with errors are in any case',
    default: 1,
    flag: '--sample-rate',
    argument: '<share>',
    variables: ['ASSAY_FORWARD_SAMPLE_RATE'],
  }),
  foldAfter: setting(optional(wholeNumber(1, 1_000_000)), {
    about: 'spans of a trace that are alike beyond so many are folded into one',
    default: null,
    without: 'never',
    flag: '--fold-after',
    argument: '<n>',
    variables: ['ASSAY_FORWARD_FOLD_AFTER'],
  }),
  maxAttributeKeys: setting(optional(wholeNumber(1, 100_000)), {
    about: 'so many different attribute keys an agent may have in an hour; further ones are dropped and marked',
    default: null,
    without: 'any number',
    variables: ['ASSAY_FORWARD_MAX_ATTRIBUTE_KEYS'],
  }),
  maxAttributeValues: setting(optional(wholeNumber(1, 100_000)), {
    about: 'so many different texts a key of an agent may have in an hour; further ones are replaced and marked',
    default: null,
    without: 'any number',
    variables: ['ASSAY_FORWARD_MAX_ATTRIBUTE_VALUES'],
  }),
}

export const forward = group(
  '`assay forward`, the agent beside the workload: docs/forwarder.md.',
  settings,
  (config) => {
    const { certificate, key } = config.tls
    const complaint = (name: string, message: string): Complaint[] => [{ path: `forward.tls.${name}`, message }]
    if (certificate !== null && key === null) return complaint('certificate', 'needs forward.tls.key beside it')
    return key !== null && certificate === null ? complaint('key', 'needs forward.tls.certificate beside it') : []
  },
)
