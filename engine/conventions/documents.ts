/** Retrieved documents as a list in JSON. */
import type { RetrievedDocument } from '../model/span.ts'
import { property } from './json.ts'

const DOCUMENT_KEYS = new Set(['id', 'content', 'text', 'score'])

/** `hasMore`: the documents say more than the model holds, such as metadata. */
export function documentsFromJson(value: unknown): { documents: RetrievedDocument[]; hasMore: boolean } | undefined {
  if (!Array.isArray(value)) return undefined
  const documents: RetrievedDocument[] = []
  let hasMore = false
  for (const item of value) {
    if (typeof item !== 'object' || item === null) return undefined
    const id = property(item, 'id')
    const text = property(item, 'content') ?? property(item, 'text')
    const score = property(item, 'score')
    documents.push({
      id: typeof id === 'string' || typeof id === 'number' ? String(id) : undefined,
      text: typeof text === 'string' ? text : undefined,
      score: typeof score === 'number' ? score : undefined,
    })
    hasMore ||= Object.keys(item).some((key) => !DOCUMENT_KEYS.has(key))
  }
  return { documents, hasMore }
}
