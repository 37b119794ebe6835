/** Prometheus' Alertmanager, by its API v2: https://github.com/prometheus/alertmanager/blob/main/api/v2/openapi.yaml */
import type { Send } from '../outbound/send.ts'
import { type LabelledAlert, labelledAlert } from './labels.ts'
import { postJson } from './post-json.ts'
import type { Message, NoticeMessage, Receiver } from './receiver.ts'

export interface AlertmanagerOptions {
  /** Base of the API, without `/api/v2`. */
  readonly url: string
  readonly token: string | null
  readonly apiUrl: () => string | null
  readonly send: Send
  readonly nowMs: () => number
}

/** It takes an alert for resolved that it isn't told of again: told each minute, it bears three that are missed. */
const REPEAT_MS = 60_000
const LASTS_MS = 4 * REPEAT_MS
/** Notices are told once, and are over by themselves. */
const NOTICE_LASTS_MS = 24 * 3_600_000

export function alertmanagerReceiver({ url, token, apiUrl, send, nowMs }: AlertmanagerOptions): Receiver {
  const base = url.replace(/\/+$/, '')
  return {
    repeatEveryMs: REPEAT_MS,
    deliver: (message: Message) => {
      const alerts =
        message.kind === 'notice'
          ? [noticeAlert(message)]
          : message.items.map((item) => {
              const alert = labelledAlert(item, message, apiUrl())
              return { ...alert, endsAt: alert.endsAt ?? new Date(nowMs() + LASTS_MS).toISOString() }
            })
      const body = alerts.map(({ generatorURL, ...alert }) =>
        generatorURL === '' ? alert : { ...alert, generatorURL },
      )
      const headers = token === null ? {} : { authorization: `Bearer ${token}` }
      return postJson({ send, url: `${base}/api/v2/alerts`, headers, body, nowMs })
    },
  }
}

const noticeAlert = ({ notice, tenant }: NoticeMessage): LabelledAlert => ({
  labels: { alertname: `assay/${notice.id}`, severity: notice.severity, tenant },
  annotations: { summary: notice.title, description: notice.lines.join('\n') },
  startsAt: new Date(notice.atMs).toISOString(),
  endsAt: new Date(notice.atMs + NOTICE_LASTS_MS).toISOString(),
  generatorURL: '',
})
