/** The pages by address. Each is loaded when it is first shown; alerts link to these addresses, so that they stay. */
import { createRootRoute, createRoute, createRouter, lazyRouteComponent } from '@tanstack/react-router'
import { parseApiSearch } from './pages/api/search.ts'
import { parseCompareSearch } from './pages/compare/search.ts'
import { parseEvalSearch } from './pages/evals/search.ts'
import { parseLiveSearch } from './pages/live/search.ts'
import { parseRunsSearch } from './pages/runs/search.ts'
import { parseScorecardSearch } from './pages/scorecards/search.ts'
import { parseSessionsSearch } from './pages/sessions/search.ts'
import { parseSignInSearch } from './pages/sign-in/search.ts'
import { parseTraceSearch } from './pages/trace/search.ts'
import { parseTracesSearch } from './pages/traces/search.ts'
import { NotFound } from './shell/not-found.tsx'
import { PageError } from './shell/page-error.tsx'
import { parseSearch, stringifySearch } from './shell/search-text.ts'
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

const traces = createRoute({
  getParentRoute: () => rootRoute,
  path: '/traces',
  validateSearch: parseTracesSearch,
  component: lazyRouteComponent(() => import('./pages/traces/traces-page.tsx'), 'TracesPage'),
})

const compare = createRoute({
  getParentRoute: () => rootRoute,
  path: '/traces/compare',
  validateSearch: parseCompareSearch,
  component: lazyRouteComponent(() => import('./pages/compare/compare-page.tsx'), 'ComparePage'),
})

const sessions = createRoute({
  getParentRoute: () => rootRoute,
  path: '/sessions',
  validateSearch: parseSessionsSearch,
  component: lazyRouteComponent(() => import('./pages/sessions/sessions-page.tsx'), 'SessionsPage'),
})

const oneSession = createRoute({
  getParentRoute: () => rootRoute,
  path: '/sessions/$sessionId',
  component: lazyRouteComponent(() => import('./pages/sessions/session-page.tsx'), 'SessionPage'),
})

const runs = createRoute({
  getParentRoute: () => rootRoute,
  path: '/runs',
  validateSearch: parseRunsSearch,
  component: lazyRouteComponent(() => import('./pages/runs/runs-page.tsx'), 'RunsPage'),
})

const oneRun = createRoute({
  getParentRoute: () => rootRoute,
  path: '/runs/$packageName/$run',
  component: lazyRouteComponent(() => import('./pages/runs/run-page.tsx'), 'RunPage'),
})

const evals = createRoute({
  getParentRoute: () => rootRoute,
  path: '/evals',
  component: lazyRouteComponent(() => import('./pages/evals/evals-page.tsx'), 'EvalsPage'),
})

const oneEval = createRoute({
  getParentRoute: () => rootRoute,
  path: '/evals/$packageName/$name',
  validateSearch: parseEvalSearch,
  component: lazyRouteComponent(() => import('./pages/evals/eval-page.tsx'), 'EvalPage'),
})

const label = createRoute({
  getParentRoute: () => rootRoute,
  path: '/evals/$packageName/$name/label',
  component: lazyRouteComponent(() => import('./pages/label/label-page.tsx'), 'LabelPage'),
})

const playground = createRoute({
  getParentRoute: () => rootRoute,
  path: '/playground',
  component: lazyRouteComponent(() => import('./pages/playground/playground-page.tsx'), 'PlaygroundPage'),
})

const alerts = createRoute({
  getParentRoute: () => rootRoute,
  path: '/alerts',
  component: lazyRouteComponent(() => import('./pages/alerts/alerts-page.tsx'), 'AlertsPage'),
})

const api = createRoute({
  getParentRoute: () => rootRoute,
  path: '/api',
  validateSearch: parseApiSearch,
  component: lazyRouteComponent(() => import('./pages/api/api-page.tsx'), 'ApiPage'),
})

const oneAlert = createRoute({
  getParentRoute: () => rootRoute,
  path: '/alerts/$packageName/$name',
  component: lazyRouteComponent(() => import('./pages/alerts/alert-page.tsx'), 'AlertPage'),
})

const scorecards = createRoute({
  getParentRoute: () => rootRoute,
  path: '/scorecards',
  component: lazyRouteComponent(() => import('./pages/scorecards/scorecards-page.tsx'), 'ScorecardsPage'),
})

const oneScorecard = createRoute({
  getParentRoute: () => rootRoute,
  path: '/scorecards/$packageName/$name',
  validateSearch: parseScorecardSearch,
  component: lazyRouteComponent(() => import('./pages/scorecards/scorecard-page.tsx'), 'ScorecardPage'),
})

const signIn = createRoute({
  getParentRoute: () => rootRoute,
  path: '/sign-in',
  validateSearch: parseSignInSearch,
  component: lazyRouteComponent(() => import('./pages/sign-in/sign-in-page.tsx'), 'SignInPage'),
})

const system = createRoute({
  getParentRoute: () => rootRoute,
  path: '/system',
  component: lazyRouteComponent(() => import('./pages/system/system-page.tsx'), 'SystemPage'),
})

export const router = createRouter({
  routeTree: rootRoute.addChildren([
    live,
    traces,
    compare,
    trace,
    sessions,
    oneSession,
    runs,
    oneRun,
    evals,
    oneEval,
    label,
    alerts,
    oneAlert,
    scorecards,
    oneScorecard,
    playground,
    system,
    api,
    signIn,
  ]),
  parseSearch,
  stringifySearch,
  defaultPreload: 'intent',
  defaultErrorComponent: PageError,
  scrollRestoration: true,
})

declare module '@tanstack/react-router' {
  interface Register {
    router: typeof router
  }
}
