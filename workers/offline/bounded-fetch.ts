/** `fetch` that takes no more of an answer than a judge's can have: a provider gone mad must not fill a worker's memory. */

/** An answer of 64,000 characters with all its envelope is far below it. */
const MAX_RESPONSE_BYTES = 4 * 1024 * 1024

export class ResponseTooLarge extends Error {
  override readonly name = 'ResponseTooLarge'
  constructor() {
    super(`the response exceeds ${MAX_RESPONSE_BYTES / 1024 / 1024} MiB`)
  }
}

export const boundedFetch: typeof fetch = async (input, init) => {
  const response = await fetch(input, init)
  if (response.body === null) return response
  let sizeBytes = 0
  const bounded = response.body.pipeThrough(
    new TransformStream<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>>({
      transform(chunk, controller) {
        sizeBytes += chunk.length
        if (sizeBytes > MAX_RESPONSE_BYTES) controller.error(new ResponseTooLarge())
        else controller.enqueue(chunk)
      },
    }),
  )
  const { status, statusText, headers } = response
  return new Response(bounded, { status, statusText, headers })
}
