/**
 * A server that speaks ClickHouse's HTTP interface in front of the real engine in process (chDB), for tests across processes: no
 * ClickHouse server can be installed where they run. Statements, settings, parameters, errors with their codes, and rows in the
 * Native format, by https://clickhouse.com/docs/interfaces/http; one user at the most, no sessions, no progress headers.
 *
 * `node clickhouse-front.ts DATA_DIR PORT [USER:PASSWORD]`; prints its address when it listens.
 */
import { randomUUID } from 'node:crypto'
import { mkdirSync } from 'node:fs'
import { rm, writeFile } from 'node:fs/promises'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { connectInProcess } from '../../storage/traces/in-process.ts'

const [dataDir = '', port = '0', login = ''] = process.argv.slice(2)
const staging = join(dataDir, 'staging')
mkdirSync(staging, { recursive: true })

const engine = await connectInProcess(join(dataDir, 'chdb'))

/** What is said by the URL and is no setting of the engine. */
const NOT_SETTINGS = new Set([
  'query',
  'query_id',
  'database',
  'default_format',
  'user',
  'password',
  'session_id',
  'role',
  'compress',
  'decompress',
  'enable_http_compression',
  'wait_end_of_query',
  'send_progress_in_http_headers',
  'http_headers_progress_interval_ms',
])
const PARAM = 'param_'

function splitUrl(url: URL): { params: Record<string, string>; settings: Record<string, string> } {
  const params: Record<string, string> = {}
  const settings: Record<string, string> = {}
  for (const [name, value] of url.searchParams) {
    if (name.startsWith(PARAM)) params[name.slice(PARAM.length)] = unescapeText(value)
    else if (!NOT_SETTINGS.has(name)) settings[name] = value
  }
  return { params, settings }
}

const ESCAPES: Readonly<Record<string, string>> = { n: '\n', t: '\t', r: '\r', b: '\b', f: '\f', '0': '\0' }

/** Parameters come as in the TabSeparated format. */
function unescapeText(text: string): string {
  return text.replace(/\\(.)/gs, (_, one: string) => ESCAPES[one] ?? one)
}

/** A payload inside a statement would be cut by the engine at an empty line: it goes through a file. */
async function run(statement: string, payload: Buffer | null, url: URL): Promise<Buffer> {
  const { params, settings } = splitUrl(url)
  const database = url.searchParams.get('database')
  const clickhouse_settings = { ...settings, ...(database !== null && database !== 'default' && { database }) }
  const format = /\bFORMAT\s+(\w+)\s*$/i.exec(statement)
  if (payload === null || payload.length === 0 || format === null) {
    const { stream } = await engine.exec({ query: statement, query_params: params, clickhouse_settings })
    return buffer(stream)
  }
  const file = join(staging, randomUUID())
  await writeFile(file, payload)
  try {
    const query = `${statement.slice(0, format.index)} SELECT * FROM file('${file}', '${format[1]}')`
    await engine.command({ query, query_params: params, clickhouse_settings })
    return Buffer.alloc(0)
  } finally {
    await rm(file, { force: true })
  }
}

/** The engine in process has no users that could log in: the front asks, and refuses in the server's words. */
function refuseStranger(request: IncomingMessage, response: ServerResponse): boolean {
  if (login === '') return false
  const given = request.headers.authorization?.replace(/^Basic /, '') ?? ''
  if (Buffer.from(given, 'base64').toString() === login) return false
  response.writeHead(403, { 'x-clickhouse-exception-code': '516' })
  response.end(
    'Code: 516. DB::Exception: default: Authentication failed: password is incorrect, or there is no user with such name. (AUTHENTICATION_FAILED)\n',
  )
  return true
}

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const url = new URL(request.url ?? '/', 'http://local')
  if (request.method === 'GET' && url.pathname === '/ping') {
    response.end('Ok.\n')
    return
  }
  const body = await buffer(request)
  if (refuseStranger(request, response)) return
  const inUrl = url.searchParams.get('query')
  const statement = inUrl ?? body.toString()
  try {
    const result = await run(statement, inUrl === null ? null : body, url)
    response.setHeader('x-clickhouse-query-id', url.searchParams.get('query_id') ?? randomUUID())
    response.setHeader(
      'x-clickhouse-summary',
      '{"read_rows":"0","read_bytes":"0","written_rows":"0","written_bytes":"0"}',
    )
    response.end(result)
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error)
    const code = error instanceof Error && 'code' in error ? String(error.code) : '1001'
    response.writeHead(500, { 'x-clickhouse-exception-code': code })
    const type = error instanceof Error && 'type' in error ? ` (${String(error.type)})` : ''
    response.end(`Code: ${code}. DB::Exception: ${message}${type}\n`)
  }
}

const server = createServer((request, response) => {
  answer(request, response).catch((error: unknown) => {
    process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`)
    response.destroy()
  })
})
server.listen(Number(port), '127.0.0.1', () => {
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('a TCP server has a port')
  process.stdout.write(`http://127.0.0.1:${address.port}\n`)
})
process.on('SIGTERM', () => {
  server.close(() => {
    void engine.close().then(() => process.exit(0))
  })
  server.closeIdleConnections()
})
