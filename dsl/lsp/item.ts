import type { Span } from '../source.ts'

/** What completion offers. */
export type ItemKind =
  | 'clause'
  | 'field'
  | 'subject'
  | 'function'
  | 'name'
  | 'word'
  | 'snippet'
  | 'value'
  | 'unit'
  | 'file'

export interface Item {
  readonly label: string
  readonly kind: ItemKind
  /** One line beside the label. */
  readonly detail: string
  readonly doc: string
  /** With places to fill in, `<what>`, when `snippet`. */
  readonly text: string
  readonly snippet: boolean
  /** What it replaces. */
  readonly span: Span
  /** Lower ones first. */
  readonly rank: number
}

/** An item before it is known what it replaces. */
export type Draft = Omit<Item, 'span' | 'rank' | 'doc' | 'detail' | 'snippet'> & Partial<Item>
