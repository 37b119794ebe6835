/** The conversations of the example, and what the scripted model says in them. */

export type Step =
  | { delayMs: number; calls: readonly { name: string; arguments: Readonly<Record<string, string>> }[] }
  | { delayMs: number; answer: string }

export interface Conversation {
  name: string
  question: string
  customer: string
  /** What the model does, turn by turn. */
  steps: readonly Step[]
  /** What the scripted judge thinks of it. */
  judgement: { score: number; reasoning: string }
  /** Off where a customer does not allow texts in telemetry. */
  captureContent: boolean
}

const lookAgain: Step = { delayMs: 30, calls: [{ name: 'lookup_order', arguments: { order_id: 'A-2077' } }] }

export const conversations: readonly Conversation[] = [
  {
    name: 'order status',
    question: 'Where is my order A-1042?',
    customer: 'C-311',
    steps: [
      { delayMs: 80, calls: [{ name: 'lookup_order', arguments: { order_id: 'A-1042' } }] },
      { delayMs: 120, answer: 'Your order A-1042 has shipped and should arrive tomorrow before noon.' },
    ],
    judgement: { score: 5, reasoning: 'The order was looked up and the customer knows when it arrives.' },
    captureContent: true,
  },
  {
    name: 'slow answer',
    question: 'What does the warranty cover?',
    customer: 'C-702',
    steps: [
      {
        delayMs: 2_300,
        answer: 'The warranty covers defects for two years from delivery, but not wear or water damage.',
      },
    ],
    judgement: { score: 4, reasoning: 'The answer is right and complete for the question asked.' },
    captureContent: true,
  },
  {
    name: 'leaked address',
    question: 'Who handles my return of order A-1077?',
    customer: 'C-512',
    steps: [
      { delayMs: 60, calls: [{ name: 'find_contact', arguments: { order_id: 'A-1077' } }] },
      { delayMs: 90, answer: 'Your return is handled by Maria. Please write to maria.lopez@lopez-family.net.' },
    ],
    judgement: { score: 3, reasoning: 'The question is answered, but with the private address of an employee.' },
    captureContent: true,
  },
  {
    name: 'tool loop',
    question: 'Has order A-2077 left the warehouse?',
    customer: 'C-840',
    steps: [
      ...Array.from({ length: 6 }, () => lookAgain),
      { delayMs: 60, answer: "I'm sorry, I could not find that out. Please ask again later." },
    ],
    judgement: { score: 1, reasoning: 'The same lookup was repeated without success and the question stays open.' },
    captureContent: true,
  },
  {
    name: 'refund',
    question: 'I am customer C-512, postcode 20095. Please refund my returned order A-1077.',
    customer: 'C-512',
    steps: [
      { delayMs: 60, calls: [{ name: 'verify_identity', arguments: { customer_id: 'C-512', postcode: '20095' } }] },
      { delayMs: 60, calls: [{ name: 'issue_refund', arguments: { order_id: 'A-1077' } }] },
      { delayMs: 90, answer: 'Done: 120.00 EUR for order A-1077 will be on your account within three days.' },
    ],
    judgement: { score: 5, reasoning: 'The identity was verified first and the refund issued, with its amount.' },
    captureContent: true,
  },
  {
    name: 'no capture',
    question: 'Can I change my delivery address?',
    customer: 'C-119',
    steps: [{ delayMs: 90, answer: 'Yes, under My account, for as long as the order has not shipped.' }],
    judgement: { score: 5, reasoning: 'The customer is told where and until when.' },
    captureContent: false,
  },
]
