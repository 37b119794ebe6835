import { type Bounds, DEFAULT_BOUNDS } from '../../../engine/bounds/bounds.ts'
import { group, setting, type ValueOf } from '../setting.ts'
import { list, port, size, text, wholeNumber } from '../values.ts'
import { serverTls } from './server-tls.ts'

const DAY_MS = 86_400_000

export const gateway = group('What agents send to.', {
  otlpHttpPort: setting(port, {
    about: 'where OTLP over HTTP is taken; 0 picks a free port',
    default: 4318,
    flag: '--otlp-http-port',
    argument: '<n>',
    variables: ['ASSAY_OTLP_HTTP_PORT'],
  }),
  otlpGrpcPort: setting(port, {
    about: 'where OTLP over gRPC is taken; 0 picks a free port',
    default: 4317,
    flag: '--otlp-grpc-port',
    argument: '<n>',
    variables: ['ASSAY_OTLP_GRPC_PORT'],
  }),
  maxEvaluateLagSeconds: setting(wholeNumber(180, 604_800), {
    about: 'spans are refused (503) while evaluation is further behind than this',
    default: 600,
    variables: ['ASSAY_GATEWAY_MAX_EVALUATE_LAG_SECONDS'],
  }),
  maxTextSize: setting(size(1_000, '1KB'), {
    about: 'a longer text of a span is cut here, and says so',
    default: DEFAULT_BOUNDS.maxTextBytes,
    without: '4MiB',
    variables: ['ASSAY_GATEWAY_MAX_TEXT_SIZE'],
  }),
  maxAttributes: setting(wholeNumber(16, 1_000_000), {
    about: 'attributes of a span beyond so many are left out; so of events, links, resources and scopes',
    default: DEFAULT_BOUNDS.maxAttributes,
    variables: ['ASSAY_GATEWAY_MAX_ATTRIBUTES'],
  }),
  maxFutureSeconds: setting(wholeNumber(10, 86_400), {
    about: 'a span that begins or ends later than this after it came has its times moved to when it came',
    default: DEFAULT_BOUNDS.maxFutureMs / 1_000,
    variables: ['ASSAY_GATEWAY_MAX_FUTURE_SECONDS'],
  }),
  maxPastDays: setting(wholeNumber(1, 20_000), {
    about: 'and so has one that began longer ago than this',
    default: DEFAULT_BOUNDS.maxPastMs / DAY_MS,
    variables: ['ASSAY_GATEWAY_MAX_PAST_DAYS'],
  }),
  corsOrigins: setting(list(text('an origin, such as https://app.example.org')), {
    about: 'pages of these origins may send spans from a browser',
    default: [],
    without: 'none',
    variables: ['ASSAY_GATEWAY_CORS_ORIGINS'],
  }),
  tls: serverTls('gateway.tls', 'ASSAY_GATEWAY_TLS'),
})

export const boundsOf = (config: ValueOf<typeof gateway>): Bounds => ({
  maxTextBytes: config.maxTextSize,
  maxAttributes: config.maxAttributes,
  maxFutureMs: config.maxFutureSeconds * 1_000,
  maxPastMs: config.maxPastDays * DAY_MS,
})
