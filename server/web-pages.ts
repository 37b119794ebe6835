/**
 * The browser's pages, as files that were built: the same for everyone, nothing of any tenant in them. A browser asks for pages as HTML;
 * whoever asks for JSON at the same address is answered by the API.
 */
import { randomBytes } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { extname, join } from 'node:path'
import type { Context, MiddlewareHandler } from 'hono'
import { ROUTES } from './route-table.ts'

const TYPES: Readonly<Record<string, string>> = {
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
}
/** Names hold a hash of the content. */
const ASSET = /^\/assets\/[\w-]+(?:\.[\w-]+)*\.(?:js|css|svg)$/
const ICON = '/icon.svg'
const NONCE = '__CSP_NONCE__'

/** Addresses of the API that a browser may be sent to: what they give is shown as it is. */
const API_PATHS = new Set(ROUTES.map(({ path }) => path).filter((path) => path !== '/'))

/** `folder`: as `npm run build:web` leaves it. */
export function webPages(folder: string): MiddlewareHandler {
  return async (context, next) => {
    const { method, path } = context.req
    if (method !== 'GET') return next()
    if (path === ICON || ASSET.test(path)) return (await asset(context, folder, path)) ?? next()
    if (path.startsWith('/v1/') || API_PATHS.has(path) || !acceptsHtml(context)) return next()
    return page(context, folder)
  }
}

function acceptsHtml(context: Context): boolean {
  return context.req.header('accept')?.includes('text/html') ?? false
}

async function asset(context: Context, folder: string, path: string): Promise<Response | null> {
  const file = join(folder, path)
  const isPacked = /\bbr\b/.test(context.req.header('accept-encoding') ?? '')
  const packed = isPacked ? await readIfThere(`${file}.br`) : null
  const content = packed ?? (await readIfThere(file))
  if (content === null) return null
  return context.body(content, 200, {
    'content-type': TYPES[extname(path)]!,
    'cache-control': path === ICON ? 'public, max-age=3600' : 'public, max-age=31536000, immutable',
    vary: 'accept-encoding',
    ...(packed !== null && { 'content-encoding': 'br' }),
  })
}

async function page(context: Context, folder: string): Promise<Response> {
  const nonce = randomBytes(16).toString('base64')
  const built = await readIfThere(join(folder, 'index.html'))
  const html = built === null ? NOT_BUILT : new TextDecoder().decode(built).replaceAll(NONCE, nonce)
  return context.body(html, built === null ? 503 : 200, {
    'content-type': 'text/html; charset=utf-8',
    'cache-control': 'no-store',
    'content-security-policy': policy(nonce),
    'x-frame-options': 'DENY',
    'referrer-policy': 'same-origin',
    'cross-origin-opener-policy': 'same-origin',
    'permissions-policy': 'camera=(), microphone=(), geolocation=()',
    ...(built === null && { 'retry-after': '2' }),
  })
}

/** By nonce are the styles of the editor, which writes its own, and what the page itself says before its scripts come. */
const policy = (nonce: string): string =>
  [
    "default-src 'none'",
    `script-src 'self' 'nonce-${nonce}'`,
    `style-src 'self' 'nonce-${nonce}'`,
    "img-src 'self' data:",
    "connect-src 'self'",
    "worker-src 'self'",
    "form-action 'self'",
    "base-uri 'none'",
    "frame-ancestors 'none'",
  ].join('; ')

async function readIfThere(file: string): Promise<Uint8Array<ArrayBuffer> | null> {
  try {
    return new Uint8Array(await readFile(file))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
    throw error
  }
}

const NOT_BUILT = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta http-equiv="refresh" content="2">
<title>Assay</title>
</head>
<body>
<h1>Assay is running</h1>
<p>Its pages are being built, which takes some seconds after an update. This page shows them when they are there.</p>
<p>Were they not built by <code>npm start</code>? <code>npm run build:web</code> builds them. The API answers at <code>/v1</code>.</p>
</body>
</html>
`
