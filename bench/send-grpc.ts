/** The load over OTLP/gRPC: a few connections, each with a few requests on their way. */
import { Client, credentials, Metadata } from '@grpc/grpc-js'
import { buildTemplate, freshRequest, spansPerRequest } from './load.ts'

const METHOD = '/opentelemetry.proto.collector.trace.v1.TraceService/Export'
const asIs = (bytes: Buffer): Buffer => bytes

/** Rejects with the first refusal: nothing of this load is to be refused. */
export async function sendGrpc(options: { address: string; key: string; spans: number; calls: number }): Promise<void> {
  const template = buildTemplate()
  const metadata = new Metadata()
  metadata.set('authorization', `Bearer ${options.key}`)
  // Without the option calls of one address share a connection.
  const clients = Array.from(
    { length: options.calls },
    () => new Client(options.address, credentials.createInsecure(), { 'grpc.use_local_subchannel_pool': 1 }),
  )
  let begun = 0
  const caller = async (client: Client): Promise<void> => {
    while (begun < options.spans) {
      begun += spansPerRequest
      const { body } = freshRequest(template, Date.now())
      await new Promise<void>((resolve, reject) => {
        client.makeUnaryRequest(METHOD, asIs, asIs, body, metadata, (error) => (error ? reject(error) : resolve()))
      })
    }
  }
  await Promise.all(clients.map(caller))
  for (const client of clients) client.close()
}
