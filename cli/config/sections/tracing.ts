import type { TracingSettings } from '../../../storage/tracing/open-tracing.ts'
import { secretText } from '../secret.ts'
import { each, group, setting, type ValueOf } from '../setting.ts'
import { fraction, httpUrl, optional } from '../values.ts'

export const tracing = group('Traces of Assay itself, by OpenTelemetry.', {
  otlpUrl: setting(optional(httpUrl('http://collector:4318')), {
    about:
      'where they are sent, over OTLP/HTTP: a collector, or a gateway of Assay. `OTEL_EXPORTER_OTLP_ENDPOINT` and its like are not read',
    default: null,
    without: 'nothing is traced',
    variables: ['ASSAY_TRACING_OTLP_URL'],
  }),
  headers: each({
    about: 'Headers of each request, such as a key.',
    name: 'HEADER',
    nameOf: (name) => name.toLowerCase().replaceAll('_', '-'),
    member: setting(optional(secretText), {
      about: "the header's value; in a variable's name it stands in capitals, with `_` for `-`",
      default: null,
      variables: ['ASSAY_TRACING_HEADER_*'],
    }),
  }),
  sampleRatio: setting(fraction, {
    about: 'the share of traces that is kept, by their ids',
    default: 1,
    variables: ['ASSAY_TRACING_SAMPLE_RATIO'],
  }),
})

export const tracingOf = ({ otlpUrl, headers, sampleRatio }: ValueOf<typeof tracing>): TracingSettings | null =>
  otlpUrl === null
    ? null
    : {
        otlpUrl,
        sampleRatio,
        headers: Object.fromEntries(
          [...headers].flatMap(([name, value]) => (value === null ? [] : [[name, value.reveal()] as const])),
        ),
      }
