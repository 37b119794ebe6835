import { type Attributes, context, type Span, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api'
import { capturesContent } from '../genai/content.ts'
import { recordError, tracer } from '../genai/in-span.ts'
import { chatCompletions } from './chat.ts'
import { type Fields, fieldsOf, textOf } from './fields.ts'
import { type Observer, observePromise } from './observe.ts'
import type { Protocol } from './protocol.ts'
import { responses } from './responses.ts'

export interface OpenAiOptions {
  /** Whether prompts and answers go into spans; what `startAssay` or the environment says if absent. */
  captureContent?: boolean
  /** Who runs the model, where it is not OpenAI but speaks its protocol: `gen_ai.provider.name`. */
  provider?: string
}

const wrapped = new WeakSet<object>()

/**
 * Makes this client record a span for each call of a model: `chat.completions` and `responses`, streamed or not, with the helpers that build
 * on them. Returns the same client; its other members are untouched. What goes wrong in recording stays in here.
 */
export function assayOpenAI<Client extends object>(client: Client, options: OpenAiOptions = {}): Client {
  const fields = fieldsOf(client)
  const server = serverAttributes(client, options.provider)
  wrapCreate(fieldsOf(fields.chat).completions, chatCompletions, server, options)
  wrapCreate(fields.responses, responses, server, options)
  return client
}

function wrapCreate(resource: unknown, protocol: Protocol, server: Attributes, options: OpenAiOptions): void {
  if (typeof resource !== 'object' || resource === null || wrapped.has(resource)) return
  const create: unknown = Reflect.get(resource, 'create')
  if (typeof create !== 'function') return
  wrapped.add(resource)
  Reflect.set(resource, 'create', (...args: unknown[]): unknown => {
    const body = fieldsOf(args[0])
    const isCaptured = capturesContent(options.captureContent)
    const span = startSpan(protocol, body, server, isCaptured)
    const observer = new CallObserver(span, protocol, isCaptured)
    try {
      const promise: unknown = context.with(trace.setSpan(context.active(), span), () =>
        Reflect.apply(create, resource, args),
      )
      if (typeof promise === 'object' && promise !== null) observePromise(promise, observer)
      return promise
    } catch (error) {
      observer.end({ thrown: error })
      throw error
    }
  })
}

function startSpan(protocol: Protocol, body: Fields, server: Attributes, isCaptured: boolean): Span {
  const model = textOf(body.model)
  const span = tracer().startSpan(model === undefined ? 'chat' : `chat ${model}`, {
    kind: SpanKind.CLIENT,
    attributes: { 'gen_ai.operation.name': 'chat', ...server },
  })
  quietly(() => span.setAttributes(protocol.request(body, isCaptured)))
  return span
}

function serverAttributes(client: object, provider: string | undefined): Attributes {
  const isAzure = client.constructor?.name === 'AzureOpenAI'
  const attributes: Attributes = { 'gen_ai.provider.name': provider ?? (isAzure ? 'azure.ai.openai' : 'openai') }
  quietly(() => {
    const url = new URL(textOf(fieldsOf(client).baseURL) ?? '')
    attributes['server.address'] = url.hostname
    if (url.port !== '') attributes['server.port'] = Number(url.port)
  })
  return attributes
}

/** Writes what is seen of a call into its span, and ends it once. */
class CallObserver implements Observer {
  readonly #span: Span
  readonly #protocol: Protocol
  readonly #isCaptured: boolean
  readonly #startMs = performance.now()
  #collector: ReturnType<Protocol['collect']> | null = null
  #hasEnded = false

  constructor(span: Span, protocol: Protocol, isCaptured: boolean) {
    this.#span = span
    this.#protocol = protocol
    this.#isCaptured = isCaptured
  }

  answer(answer: Fields): void {
    quietly(() => {
      if (this.#hasEnded) return
      this.#span.setAttributes(this.#protocol.response(answer, this.#isCaptured))
      const failure = this.#protocol.failure(answer)
      if (failure !== undefined) this.#span.setStatus({ code: SpanStatusCode.ERROR, message: failure })
    })
  }

  piece(piece: Fields): void {
    quietly(() => {
      if (this.#collector === null) {
        this.#collector = this.#protocol.collect(this.#isCaptured)
        const seconds = (performance.now() - this.#startMs) / 1_000
        this.#span.setAttribute('gen_ai.response.time_to_first_chunk', seconds)
      }
      this.#collector.add(piece)
    })
  }

  end(error?: { thrown: unknown }): void {
    if (this.#hasEnded) return
    // What came before it broke off was said, and paid for.
    if (this.#collector !== null) this.answer(this.#collector.answer())
    this.#hasEnded = true
    if (error !== undefined) recordError(this.#span, error.thrown)
    this.#span.end()
  }
}

/** For what must not reach the agent's call; the span is then without it. */
function quietly(work: () => void): void {
  try {
    work()
  } catch {
    // An answer of a shape that nobody knows.
  }
}
