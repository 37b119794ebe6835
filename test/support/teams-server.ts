/** A Workflows webhook of Microsoft Teams on loopback: an Adaptive Card in an attachment, 28 KB at most. */
import { z } from 'zod'
import { jsonOf, type ReceiverServer, startReceiverServer } from './receiver-server.ts'

const textBlock = z.strictObject({
  type: z.literal('TextBlock'),
  text: z.string().min(1),
  weight: z.enum(['Lighter', 'Default', 'Bolder']).optional(),
  size: z.enum(['Small', 'Default', 'Medium', 'Large', 'ExtraLarge']).optional(),
  color: z.enum(['Default', 'Dark', 'Light', 'Accent', 'Good', 'Warning', 'Attention']).optional(),
  isSubtle: z.boolean().optional(),
  wrap: z.boolean().optional(),
})
const factSet = z.strictObject({
  type: z.literal('FactSet'),
  facts: z.array(z.strictObject({ title: z.string(), value: z.string() })).min(1),
})

const cardSchema = z.strictObject({
  $schema: z.literal('http://adaptivecards.io/schemas/adaptive-card.json'),
  type: z.literal('AdaptiveCard'),
  version: z.enum(['1.0', '1.1', '1.2', '1.3', '1.4', '1.5']),
  msteams: z.strictObject({ width: z.literal('Full') }).optional(),
  body: z.array(z.discriminatedUnion('type', [textBlock, factSet])).min(1),
  actions: z
    .array(z.strictObject({ type: z.literal('Action.OpenUrl'), title: z.string(), url: z.url() }))
    .max(6)
    .optional(),
})

const messageSchema = z.strictObject({
  type: z.literal('message'),
  attachments: z
    .array(
      z.strictObject({
        contentType: z.literal('application/vnd.microsoft.card.adaptive'),
        contentUrl: z.null(),
        content: cardSchema,
      }),
    )
    .length(1),
})

export type Card = z.infer<typeof cardSchema>

export interface TeamsServer extends ReceiverServer {
  readonly webhookUrl: string
  readonly cards: readonly Card[]
}

const MAX_BYTES = 28 * 1024

export async function startTeamsServer(): Promise<TeamsServer> {
  const cards: Card[] = []
  const server = await startReceiverServer((request) => {
    if (request.method !== 'POST' || !request.path.startsWith('/workflows/')) return { status: 404, body: '' }
    if (request.body.length > MAX_BYTES) return { status: 413, body: 'Request Entity too large' }
    const parsed = messageSchema.safeParse(jsonOf(request))
    if (!parsed.success) return { status: 400, body: z.prettifyError(parsed.error) }
    cards.push(parsed.data.attachments[0]!.content)
    return { status: 202, body: '' }
  })
  return { ...server, webhookUrl: `${server.url}/workflows/abc/triggers/manual/paths/invoke?sig=secret`, cards }
}

/** All text of a card, as a person reads it. */
export const cardTextOf = ({ body }: Card): string =>
  body
    .flatMap((element) =>
      element.type === 'TextBlock' ? [element.text] : element.facts.map(({ title, value }) => `${title}: ${value}`),
    )
    .join('\n')
    .replaceAll(/\\([\\`*_[\]()<>#~|])/g, '$1')
