/** The comments of one pull request, over the requests of GitHub's REST API that the action sends. */
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface GithubServer extends AsyncDisposable {
  readonly url: string
  /** In the order in which they were made. */
  readonly comments: { readonly id: number; body: string }[]
  /** Methods and paths, without queries. */
  readonly requests: string[]
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  let text = ''
  for await (const chunk of request.setEncoding('utf8')) text += chunk
  return text
}

/** Refuses a token that is not `token`, as GitHub refuses one that only reads. */
export async function startGithub(options: {
  repository: string
  pull: number
  token: string
  others?: number
}): Promise<GithubServer> {
  const comments = Array.from({ length: options.others ?? 0 }, (_, index) => ({ id: index + 1, body: `no. ${index}` }))
  const requests: string[] = []
  const below = `/repos/${options.repository}/issues`
  const server = createServer(async (request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? '', 'http://localhost')
    requests.push(`${request.method} ${pathname}`)
    const answer = (status: number, value: unknown): void => {
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value))
    }
    if (request.headers.authorization !== `Bearer ${options.token}` && request.method !== 'GET')
      return answer(403, { message: 'Resource not accessible by integration' })
    const text = await bodyOf(request)
    const body = text === '' ? '' : String((JSON.parse(text) as { body: unknown }).body)
    if (pathname === `${below}/${options.pull}/comments`) {
      if (request.method === 'POST') {
        const made = { id: comments.length + 1, body }
        comments.push(made)
        return answer(201, made)
      }
      const size = Number(searchParams.get('per_page') ?? 30)
      const from = (Number(searchParams.get('page') ?? 1) - 1) * size
      return answer(200, comments.slice(from, from + size))
    }
    const id = Number(new RegExp(`^${below}/comments/(\\d+)$`).exec(pathname)?.[1])
    const comment = comments.find((item) => item.id === id)
    if (request.method !== 'PATCH' || comment === undefined) return answer(404, { message: 'Not Found' })
    comment.body = body
    return answer(200, comment)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    comments,
    requests,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
