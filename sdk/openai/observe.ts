/** Looking at a promise and a stream of the openai client without getting in their way. */
import { type Fields, fieldsOf } from './fields.ts'

export interface Observer {
  /** A whole answer. */
  answer(answer: Fields): void
  /** A piece of a streamed one. */
  piece(piece: Fields): void
  /** Nothing more will come; with the error, if that is why. */
  end(error?: { thrown: unknown }): void
}

type Call = (...args: unknown[]) => unknown

/** A member that can be called, bound to its object. */
function callable(object: object, key: string | symbol): Call | null {
  const member: unknown = Reflect.get(object, key)
  return typeof member === 'function' ? (...args) => Reflect.apply(member, object, args) : null
}

/**
 * The client's promises parse the answer only when somebody waits for it, and may be asked for the raw response instead. So it is their
 * parsing that is looked at, on the very object that the agent gets: `withResponse()`, `asResponse()` and the helpers that build on it
 * (`parse`, `stream`, `runTools`) go on as before. Another client's promise is looked at from beside.
 */
export function observePromise(promise: object, observer: Observer): void {
  let isSeen = false
  const see = (answer: unknown): void => {
    // The answer is parsed again for a helper that builds on the promise.
    if (isSeen) return
    isSeen = true
    observeAnswer(answer, observer)
  }
  const asResponse = callable(promise, 'asResponse')
  let isParsing = false
  const isClients = watchParsing(promise, observer, see, () => {
    isParsing = true
  })
  if (asResponse === null || !isClients) {
    if (promise instanceof Promise) promise.then(see, failing(observer))
    return
  }
  Reflect.set(promise, 'asResponse', async () => {
    const response = await asResponse()
    // Whoever wants the bytes alone reads them alone.
    if (!isParsing) observer.end()
    return response
  })
  const unwrap = callable(promise, '_thenUnwrap')
  if (unwrap !== null)
    Reflect.set(promise, '_thenUnwrap', (transform: (...args: unknown[]) => unknown) => {
      const helper = unwrap((answer: unknown, ...rest: unknown[]) => {
        see(answer)
        return transform(answer, ...rest)
      })
      // What the helper makes of the answer is not what the model said: only its failure is of interest.
      if (typeof helper === 'object' && helper !== null)
        watchParsing(
          helper,
          observer,
          () => {},
          () => {},
        )
      return helper
    })
  // An HTTP status or a lost connection ends it before there is anything to parse.
  Promise.resolve(asResponse()).catch(failing(observer))
}

/** False if this promise does not parse as the client's do. */
function watchParsing(
  promise: object,
  observer: Observer,
  onAnswer: (answer: unknown) => void,
  onStart: () => void,
): boolean {
  const parse = callable(promise, 'parseResponse')
  if (parse === null) return false
  return Reflect.set(promise, 'parseResponse', async (...args: unknown[]) => {
    onStart()
    try {
      const answer = await parse(...args)
      onAnswer(answer)
      return answer
    } catch (error) {
      observer.end({ thrown: error })
      throw error
    }
  })
}

const failing =
  (observer: Observer) =>
  (error: unknown): void =>
    observer.end({ thrown: error })

function observeAnswer(answer: unknown, observer: Observer): void {
  if (typeof answer === 'object' && answer !== null && Symbol.asyncIterator in answer) {
    observeStream(answer, observer)
    return
  }
  observer.answer(fieldsOf(answer))
  observer.end()
}

function observeStream(stream: object, observer: Observer): void {
  // The client's streams make their iterators by this member, those of `tee()` too.
  const key = callable(stream, 'iterator') === null ? Symbol.asyncIterator : 'iterator'
  const iterate = callable(stream, key)
  if (iterate !== null) Reflect.set(stream, key, () => observedIterator(fieldsOf(iterate()), observer))
}

function observedIterator(iterator: Fields, observer: Observer): AsyncIterableIterator<unknown> {
  const step = async (name: 'next' | 'return' | 'throw', args: unknown[]): Promise<IteratorResult<unknown>> => {
    try {
      const call = callable(iterator, name)
      if (call === null) {
        observer.end()
        return { done: true, value: undefined }
      }
      const result = (await call(...args)) as IteratorResult<unknown>
      if (result.done === true) observer.end()
      else observer.piece(fieldsOf(result.value))
      return result
    } catch (error) {
      observer.end({ thrown: error })
      throw error
    }
  }
  return {
    next: (...args) => step('next', args),
    return: (...args) => step('return', args),
    throw: (...args) => step('throw', args),
    [Symbol.asyncIterator]() {
      return this
    },
  }
}
