/** Alertmanager's API v2 on loopback, as far as alerts are pushed: https://github.com/prometheus/alertmanager/blob/main/api/v2/openapi.yaml */
import { z } from 'zod'
import { jsonOf, type ReceiverServer, startReceiverServer } from './receiver-server.ts'

const labelName = z.string().regex(/^[a-zA-Z_][a-zA-Z0-9_]*$/)
const postable = z.strictObject({
  labels: z.record(labelName, z.string().min(1)).refine(({ alertname }) => alertname !== undefined, 'no alertname'),
  annotations: z.record(labelName, z.string()).optional(),
  startsAt: z.iso.datetime({ offset: true }).optional(),
  endsAt: z.iso.datetime({ offset: true }).optional(),
  generatorURL: z.url().optional(),
})

export type PostedAlert = z.infer<typeof postable>

export interface AlertmanagerServer extends ReceiverServer {
  readonly posted: readonly PostedAlert[]
  /** By labels, what was last said. */
  active(nowMs: number): PostedAlert[]
}

export async function startAlertmanagerServer(): Promise<AlertmanagerServer> {
  const posted: PostedAlert[] = []
  const server = await startReceiverServer((request) => {
    if (request.method !== 'POST' || request.path !== '/api/v2/alerts') return { status: 404, body: '' }
    const parsed = z.array(postable).min(1).safeParse(jsonOf(request))
    const json = { 'content-type': 'application/json' }
    if (!parsed.success) return { status: 400, body: JSON.stringify(z.prettifyError(parsed.error)), headers: json }
    posted.push(...parsed.data)
    return { status: 200, body: '', headers: json }
  })
  const active = (nowMs: number): PostedAlert[] => {
    const latest = new Map(posted.map((alert) => [JSON.stringify(Object.entries(alert.labels).sort()), alert]))
    return [...latest.values()].filter(({ endsAt }) => endsAt === undefined || Date.parse(endsAt) > nowMs)
  }
  return { ...server, posted, active }
}
