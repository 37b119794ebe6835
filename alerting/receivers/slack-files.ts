/**
 * Pictures into a Slack thread: https://docs.slack.dev/messaging/working-with-files#uploading_files. After the message and apart from it, so
 * that nothing waits for them; one that is refused is left out, and said.
 */
import { z } from 'zod'
import type { Send } from '../outbound/send.ts'
import type { Picture } from './pictures.ts'
import { type Called, calledOf } from './slack-call.ts'

export interface SlackFilesOptions {
  readonly token: string
  /** Base of the methods. */
  readonly baseUrl: string
  readonly send: Send
  readonly nowMs: () => number
  readonly onProblem: (text: string) => void
}

const placeSchema = z.object({ upload_url: z.string(), file_id: z.string() })

/** Never rejects. `channel` is an id, as chat.postMessage gives it back. */
export async function uploadToThread(
  options: SlackFilesOptions,
  { channel, ts }: { channel: string; ts: string },
  pictures: readonly Picture[],
): Promise<void> {
  const files: { id: string; title: string }[] = []
  for (const { name, title, png } of pictures) {
    const id = await upload(options, name, png)
    if (id !== null) files.push({ id, title })
  }
  if (files.length === 0) return
  const done = await post(
    options,
    'files.completeUploadExternal',
    'application/json; charset=utf-8',
    JSON.stringify({ files, channel_id: channel, thread_ts: ts }),
  )
  if (!done.ok) options.onProblem(`pictures for Slack could not be shared and are left out: ${done.error}`)
}

/** Its id; null where Slack does not take it. */
async function upload(options: SlackFilesOptions, name: string, png: Uint8Array): Promise<string | null> {
  const leftOut = (reason: string): null => {
    options.onProblem(`a picture could not be uploaded to Slack and is left out: ${reason}`)
    return null
  }
  // This method takes no JSON.
  const form = new URLSearchParams({ filename: name, length: String(png.length) }).toString()
  const place = await post(options, 'files.getUploadURLExternal', 'application/x-www-form-urlencoded', form)
  if (!place.ok) return leftOut(place.error)
  const parsed = placeSchema.safeParse(place.answer)
  if (!parsed.success) return leftOut('an answer that is not of Slack')
  const sent = await options.send({
    url: parsed.data.upload_url,
    headers: { 'content-type': 'application/octet-stream' },
    body: png,
  })
  if (sent.kind !== 'answered') return leftOut(sent.reason)
  return sent.status === 200 ? parsed.data.file_id : leftOut(`HTTP ${sent.status}`)
}

async function post(
  { send, token, baseUrl, nowMs }: SlackFilesOptions,
  method: string,
  contentType: string,
  body: string,
): Promise<Called> {
  const headers = { authorization: `Bearer ${token}`, 'content-type': contentType }
  return calledOf(await send({ url: `${baseUrl}/${method}`, headers, body }), nowMs())
}
