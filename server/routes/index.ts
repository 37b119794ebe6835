import type { ApiApp } from '../api-context.ts'
import { ROUTES } from '../route-table.ts'
import type { IndexResponse } from '../schemas.ts'

const index: IndexResponse = {
  name: 'Assay',
  routes: ROUTES.filter(({ path }) => path !== '/').map(({ method, path, gives }) => ({
    method,
    path: path.replace(/:(\w+)/g, '{$1}'),
    gives,
  })),
}

/** `GET /`: what there is, for someone who looks at this address without a path. */
export function indexRoutes(app: ApiApp): void {
  app.get('/', (context) => context.json(index))
}
