/**
 * Which traces are Assay's own, wherever they come by: sent straight to a gateway, through a collector, or read from the log. Their
 * resource has a mark, which is looked for in the bytes; records made of them have a header.
 */
import type { LogRecord } from '../log/port.ts'
import { isTracing } from './tracer.ts'

/** A resource attribute of every span of ours. */
export const OWN_MARK = 'assay.self_tracing'
/** Their `service.name`, and so the agent that they are of. */
export const OWN_SERVICE = 'assay'
/** Of records that came of work on them. */
export const OWN_HEADER = 'own-traces'

/** In protobuf and JSON alike. False where nothing is traced: then it does not matter. */
export const isOwn = (body: Uint8Array): boolean =>
  isTracing() && Buffer.from(body.buffer, body.byteOffset, body.byteLength).includes(OWN_MARK)

export const isOwnRecord = ({ headers, value }: Pick<LogRecord, 'headers' | 'value'>): boolean =>
  headers[OWN_HEADER] !== undefined || isOwn(value)

/** Of what was said about them. */
export const isOwnAgent = (agentName: string | undefined): boolean => agentName === OWN_SERVICE
