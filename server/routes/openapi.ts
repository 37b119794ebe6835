import type { ApiApp } from '../api-context.ts'
import { describeApi } from '../openapi/describe-api.ts'

/** `GET /openapi.json`: made when it is first asked for, as most never are. */
export function openApiRoutes(app: ApiApp): void {
  let text: string | null = null
  app.get('/openapi.json', (context) => {
    text ??= JSON.stringify(describeApi())
    return context.body(text, 200, { 'content-type': 'application/json' })
  })
}
