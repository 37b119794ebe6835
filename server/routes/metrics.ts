import type { ApiApp } from '../api-context.ts'
import { problem } from '../problem.ts'

export interface MetricsSource {
  readonly contentType: string
  /** The text that Prometheus reads. */
  collect(): Promise<string>
}

/** `GET /metrics`: what this process counts and measures, in Prometheus' text format. */
export function metricsRoutes(app: ApiApp, { metrics }: { metrics?: MetricsSource | undefined }): void {
  app.get('/metrics', async (context) => {
    if (metrics === undefined) return problem(context, 503, 'this process measures nothing')
    return context.body(await metrics.collect(), 200, { 'content-type': metrics.contentType })
  })
}
