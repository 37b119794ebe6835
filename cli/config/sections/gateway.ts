import { group, setting } from '../setting.ts'
import { list, port, text, wholeNumber } from '../values.ts'
import { serverTls } from './server-tls.ts'

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
  corsOrigins: setting(list(text('an origin, such as https://app.example.org')), {
    about: 'pages of these origins may send spans from a browser',
    default: [],
    without: 'none',
    variables: ['ASSAY_GATEWAY_CORS_ORIGINS'],
  }),
  tls: serverTls('gateway.tls', 'ASSAY_GATEWAY_TLS'),
})
