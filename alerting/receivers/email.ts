/** E-mail by SMTP, in text and HTML. An incident's messages are one thread in the reader's mailbox. */
import { createHash } from 'node:crypto'
import { createTransport, type Transporter } from 'nodemailer'
import { escapeHtml, htmlPage } from '../../engine/html.ts'
import { scorecardBody } from '../../engine/scorecard/html.ts'
import { scorecardText } from '../../engine/scorecard/render.ts'
import { scorecardOfJson } from '../../engine/scorecard/scorecard-json.ts'
import { acknowledgementText, describeAlert, foundLines, headlineOf, traceUrl } from '../message.ts'
import type { AddressPolicy } from '../outbound/private-addresses.ts'
import { ForbiddenAddressError, type Lookup, literalAddress, resolveGuarded } from '../outbound/resolve.ts'
import { type Draw, type Picture, picturesInTime } from './pictures.ts'
import type { AlertMessage, Delivery, Message, NoticeMessage, Receiver } from './receiver.ts'

/** Of the server that takes the mail: `smtp://user:password@host:587`; `smtps:` speaks TLS from the start. */
export interface MailSettings {
  readonly smtpUrl: string
  readonly from: string
}

export interface EmailOptions extends MailSettings {
  readonly to: string
  readonly policy: AddressPolicy
  readonly apiUrl: () => string | null
  readonly lookup?: Lookup
  readonly draw: Draw
  readonly onProblem: (text: string) => void
}

const TIMEOUT_MS = 10_000
const REASON_CHARS = 200
/** A mail waits so long for its pictures, and goes without them then. */
const DRAWING_MS = 3_000

export interface Mail {
  readonly subject: string
  readonly text: string
  readonly html: string
}

export function emailReceiver(options: EmailOptions): Receiver {
  return { takesInvestigations: true, deliver: (message) => sendMail(options, message) }
}

async function sendMail(options: EmailOptions, message: Message): Promise<Delivery> {
  const { smtpUrl, from, to } = options
  let transport: Transporter | null = null
  try {
    transport = await openTransport(smtpUrl, options)
    const pictures = await picturesInTime(message, options.draw, options.onProblem, DRAWING_MS)
    const { subject, text, html } = mailOf(message, options.apiUrl(), pictures)
    const first = message.kind === 'alerts' ? messageId(`${message.groupKey} ${message.items[0]!.key}`) : null
    const own =
      message.kind === 'alerts' && message.event === 'firing' && message.ref === null ? first! : messageId(message.id)
    await transport.sendMail({
      from,
      to,
      subject,
      text,
      html,
      ...(pictures.length > 0 && { attachments: pictures.map(attachmentOf) }),
      messageId: own,
      ...(first !== null &&
        first !== own && { inReplyTo: message.kind === 'alerts' ? (message.ref ?? first) : first, references: first }),
      headers: {
        'Auto-Submitted': 'auto-generated',
        'X-Assay-Id': createHash('sha256').update(message.id).digest('hex').slice(0, 32),
      },
    })
    return { kind: 'delivered', ref: first ?? own }
  } catch (error) {
    return deliveryOfError(error)
  } finally {
    transport?.close()
  }
}

/** The same for the same message, so that a mailbox can tell a repetition. */
const messageId = (id: string): string => `<${createHash('sha256').update(id).digest('hex').slice(0, 32)}@assay>`

async function openTransport(smtpUrl: string, { policy, lookup }: EmailOptions): Promise<Transporter> {
  const url = new URL(smtpUrl)
  const isTls = url.protocol === 'smtps:'
  const host = await resolveGuarded(url.hostname, policy, lookup)
  return createTransport({
    host,
    port: url.port === '' ? (isTls ? 465 : 587) : Number(url.port),
    secure: isTls,
    // The certificate is the name's, whatever address it was found at. Of an address it is the address's own, which is no server name (RFC 6066, 3).
    ...(literalAddress(url.hostname) === null && { tls: { servername: url.hostname } }),
    ...(url.username !== '' && {
      auth: { user: decodeURIComponent(url.username), pass: decodeURIComponent(url.password) },
    }),
    connectionTimeout: TIMEOUT_MS,
    greetingTimeout: TIMEOUT_MS,
    socketTimeout: TIMEOUT_MS,
    disableFileAccess: true,
    disableUrlAccess: true,
  })
}

/** 5xx is final (RFC 5321, 4.2.1); all else may pass. */
function deliveryOfError(error: unknown): Delivery {
  if (error instanceof ForbiddenAddressError) return { kind: 'refused', reason: error.message }
  const { code, responseCode, response } = error as { code?: string; responseCode?: number; response?: string }
  const reason = (response ?? `SMTP ${code ?? 'error'}`).slice(0, REASON_CHARS)
  const isFinal = responseCode !== undefined && responseCode >= 500
  return isFinal ? { kind: 'refused', reason } : { kind: 'retry', afterMs: null, reason }
}

/** `pictures`: those that go with it, and are shown in it. */
export function mailOf(message: Message, apiUrl: string | null, pictures: readonly Picture[] = []): Mail {
  return message.kind === 'alerts' ? alertMail(message, apiUrl, pictures) : noticeMail(message, apiUrl, pictures)
}

/** Within the mail alone. */
const contentId = ({ name }: Picture): string => `${name}@assay`

const attachmentOf = (picture: Picture) => ({
  filename: picture.name,
  content: Buffer.from(picture.png),
  contentType: 'image/png',
  cid: contentId(picture),
  contentDisposition: 'inline' as const,
})

const imageHtml = (picture: Picture): string =>
  `<p><img src="cid:${contentId(picture)}" alt="${escapeHtml(picture.title)}" width="800" style="max-width:100%"></p>`

const oneLine = (text: string): string => text.replaceAll(/[\r\n]+/g, ' ')

function noticeMail({ notice }: NoticeMessage, apiUrl: string | null, pictures: readonly Picture[]): Mail {
  const subject = oneLine(notice.title)
  if (notice.scorecard !== undefined) {
    const scorecard = scorecardOfJson(notice.scorecard)
    const [picture] = pictures
    const imageSrc = picture === undefined ? null : `cid:${contentId(picture)}`
    const body = scorecardBody(scorecard, { baseUrl: apiUrl, imageSrc })
    return { subject, text: scorecardText(scorecard, apiUrl), html: htmlPage(subject, body) }
  }
  const html = `<h2>${escapeHtml(notice.title)}</h2>${notice.lines.map((line) => `<p>${escapeHtml(line)}</p>`).join('')}`
  return { subject, text: [notice.title, '', ...notice.lines].join('\n'), html: htmlPage(subject, html) }
}

function alertMail(message: AlertMessage, apiUrl: string | null, pictures: readonly Picture[]): Mail {
  const subject = oneLine(`[${message.items[0]!.transition.severity}] ${headlineOf(message)}`)
  const texts: string[] = [headlineOf(message)]
  const parts: string[] = [`<h2>${escapeHtml(headlineOf(message))}</h2>`]
  for (const item of message.items) {
    const { transition } = item
    const { numbers, note, why, examples, headline } = describeAlert(transition)
    const { alertId, evalId, owner } = transition
    const about = `${alertId} on ${evalId}${owner === null ? '' : `, owner ${owner}`}`
    const lines = [numbers, note, acknowledgementText(message), ...why, ...foundLines(item)].filter(
      (line) => line !== null,
    )
    texts.push('', ...(message.items.length > 1 ? [headline] : []), about, ...lines)
    if (message.items.length > 1) parts.push(`<h3>${escapeHtml(headline)}</h3>`)
    parts.push(`<p><code>${escapeHtml(about)}</code></p>`, ...lines.map((line) => `<p>${escapeHtml(line)}</p>`))
    for (const example of examples) {
      const { what, traceId, spanId, details } = example
      const where = `${what}  trace ${traceId}${spanId === '' ? '' : ` span ${spanId}`}`
      const link = apiUrl === null ? null : traceUrl(apiUrl, example)
      texts.push(where, ...details.map((detail) => `  ${detail}`), ...(link === null ? [] : [`  ${link}`]))
      const shown = link === null ? escapeHtml(where) : `<a href="${escapeHtml(link)}">${escapeHtml(where)}</a>`
      parts.push(
        `<p>${shown}</p><ul>${details.map((detail) => `<li><code>${escapeHtml(detail)}</code></li>`).join('')}</ul>`,
      )
    }
  }
  parts.push(...pictures.map(imageHtml))
  const at = `Assay · ${new Date(message.atMs).toISOString()}`
  return {
    subject,
    text: [...texts, '', at].join('\n'),
    html: htmlPage(subject, `${parts.join('')}<p><small>${at}</small></p>`),
  }
}
