import type { ApiApp, ApiContext } from '../api-context.ts'

/**
 * `GET /health`: 200 while the process lives, with the state of its parts. `GET /ready`: 503 until all is up and again while
 * it stops, so that a load balancer sends nothing.
 */
export function healthRoutes(app: ApiApp, { status }: Pick<ApiContext, 'status'>): void {
  app.get('/health', async (context) => context.json(await status()))
  app.get('/ready', async (context) => {
    const health = await status()
    const isReady = health.status === 'ok' || health.status === 'degraded'
    return context.json(health, isReady ? 200 : 503)
  })
}
