/** The table as a JSON Schema, for editors. */
import { z } from 'zod'
import type { Node } from './setting.ts'
import { settings } from './settings.ts'

export function configJsonSchema(): object {
  const schema = z.toJSONSchema(schemaOf(settings), { io: 'input', unrepresentable: 'any' })
  return { ...schema, title: 'assay.yaml' }
}

/** References are what the file has: nothing is looked up. */
const ORIGIN = { kind: 'file', folder: '/', lookUp: null } as const

function schemaOf(node: Node): z.ZodType {
  switch (node.node) {
    case 'setting':
      return node.of.schema(ORIGIN).optional().describe(sentence(node.about))
    case 'each':
      return z.record(z.string(), schemaOf(node.member)).optional().describe(node.about)
    case 'group': {
      const members = Object.entries(node.members).map(([key, member]) => [key, schemaOf(member)] as const)
      return z.strictObject(Object.fromEntries(members)).optional().describe(node.about)
    }
  }
}

const sentence = (text: string): string => `${text.charAt(0).toUpperCase()}${text.slice(1)}.`
