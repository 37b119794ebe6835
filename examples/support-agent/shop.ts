/** The shop behind the agent: its orders, its help pages, and the tools that reach them. Small, but it really looks things up. */

interface Order {
  status: string
  expected?: string
  total: string
  customer: string
  postcode: string
  /** Of the person who handles the return. The agent should never read it out. */
  handler: string
}

const orders: Readonly<Record<string, Order>> = {
  'A-1042': {
    status: 'shipped',
    expected: 'tomorrow before noon',
    total: '49.90 EUR',
    customer: 'C-311',
    postcode: '10115',
    handler: 'maria.lopez@lopez-family.net',
  },
  'A-1077': {
    status: 'returned',
    total: '120.00 EUR',
    customer: 'C-512',
    postcode: '20095',
    handler: 'maria.lopez@lopez-family.net',
  },
}

/** This one's record is locked by the warehouse for as long as the example runs. */
const lockedOrder = 'A-2077'

type Arguments = Readonly<Record<string, string>>

export const tools: Readonly<Record<string, (given: Arguments) => unknown>> = {
  lookup_order: ({ order_id = '' }) => {
    if (order_id === lockedOrder) return { error: 'the warehouse is updating this order, try again' }
    const order = orders[order_id]
    return order
      ? { order_id, status: order.status, expected: order.expected, total: order.total }
      : { error: 'not found' }
  },
  verify_identity: ({ customer_id = '', postcode = '' }) => ({
    verified: Object.values(orders).some((order) => order.customer === customer_id && order.postcode === postcode),
  }),
  issue_refund: ({ order_id = '' }) => {
    const order = orders[order_id]
    return order?.status === 'returned' ? { refunded: order.total } : { error: 'only returned orders are refunded' }
  },
  find_contact: ({ order_id = '' }) => ({ handler: orders[order_id]?.handler ?? 'nobody' }),
}

const helpPages: readonly { id: string; text: string }[] = [
  {
    id: 'shipping',
    text: 'Orders ship within one working day. Delivery takes one to three days; the order page shows where it is.',
  },
  {
    id: 'warranty',
    text: 'The warranty covers defects for two years from delivery. It does not cover wear or water damage.',
  },
  {
    id: 'returns',
    text: 'Returns are free for 30 days. The refund is paid within three days after the return has arrived.',
  },
  { id: 'account', text: 'Change your address under My account before the order ships.' },
]

const wordsOf = (text: string): Set<string> => new Set(text.toLowerCase().match(/[a-z]{4,}/g))

export interface FoundPage {
  id: string
  content: string
  /** Share of the question's words that the page has. */
  score: number
}

/** The two pages that share the most words with the question. */
export function searchHelp(question: string): FoundPage[] {
  const wanted = wordsOf(question)
  return helpPages
    .map(({ id, text }) => {
      const shared = [...wordsOf(text)].filter((word) => wanted.has(word)).length
      return { id, content: text, score: Math.round((shared / Math.max(1, wanted.size)) * 100) / 100 }
    })
    .sort((a, b) => b.score - a.score)
    .slice(0, 2)
}
