/** A span for each request whose body was read, in the sender's trace where it has one. */
import type { IncomingHttpHeaders } from 'node:http'
import { isOwn } from '../storage/tracing/own-traces.ts'
import { parseTraceparent } from '../storage/tracing/traceparent.ts'
import { isTracing, quietly, traced } from '../storage/tracing/tracer.ts'
import type { Payload, Taken } from './gateway.ts'

/** Some requests have it twice: then it says nothing. */
export const traceparentOf = ({ traceparent }: IncomingHttpHeaders): string | undefined =>
  typeof traceparent === 'string' ? traceparent : undefined

export function tracedIngest(payload: Payload, accept: () => Promise<Taken>): Promise<Taken> {
  if (!isTracing()) return accept()
  const { endpoint, encoding, tenant, bytes, traceparent } = payload
  if (isOwn(bytes)) return quietly(accept)
  return traced(
    `ingest ${endpoint}`,
    () => ({
      kind: 'server',
      parent: parseTraceparent(traceparent),
      attributes: {
        'assay.tenant': tenant,
        'assay.ingest.endpoint': endpoint,
        'assay.ingest.encoding': encoding,
        'assay.ingest.size_bytes': bytes.length,
      },
    }),
    async (span) => {
      const taken = await accept()
      if (taken.ok) {
        span.set({
          'http.response.status_code': 200,
          'assay.ingest.spans': taken.spanCount,
          'assay.ingest.messages': taken.messageCount,
        })
        return taken
      }
      const { httpStatus, reason, message } = taken.rejection
      span.set({ 'http.response.status_code': httpStatus, 'error.type': reason })
      if (httpStatus >= 500) span.fail(message)
      return taken
    },
  )
}
