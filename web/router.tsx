/** The pages by address. Each is loaded when it is first shown; alerts link to these addresses, so that they stay. */
import { createRootRoute, createRoute, createRouter, lazyRouteComponent } from '@tanstack/react-router'
import { parseLiveSearch } from './pages/live/search.ts'
import { parseTraceSearch } from './pages/trace/search.ts'
import { NotFound } from './shell/not-found.tsx'
import { PageError } from './shell/page-error.tsx'
import { Shell } from './shell/shell.tsx'

const rootRoute = createRootRoute({ component: Shell, notFoundComponent: NotFound })

const live = createRoute({
  getParentRoute: () => rootRoute,
  path: '/',
  validateSearch: parseLiveSearch,
  component: lazyRouteComponent(() => import('./pages/live/live-page.tsx'), 'LivePage'),
})

const trace = createRoute({
  getParentRoute: () => rootRoute,
  path: '/traces/$traceId',
  validateSearch: parseTraceSearch,
  component: lazyRouteComponent(() => import('./pages/trace/trace-page.tsx'), 'TracePage'),
})

const system = createRoute({
  getParentRoute: () => rootRoute,
  path: '/system',
  component: lazyRouteComponent(() => import('./pages/system/system-page.tsx'), 'SystemPage'),
})

export const router = createRouter({
  routeTree: rootRoute.addChildren([live, trace, system]),
  defaultPreload: 'intent',
  defaultErrorComponent: PageError,
  scrollRestoration: true,
})

declare module '@tanstack/react-router' {
  interface Register {
    router: typeof router
  }
}
