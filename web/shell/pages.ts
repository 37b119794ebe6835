/** `also`: where pages stand that are reached from it. */
export const PAGES: readonly {
  to: '/' | '/traces' | '/evals' | '/alerts' | '/scorecards' | '/playground' | '/system' | '/api'
  label: string
  also?: string
}[] = [
  { to: '/', label: 'Live' },
  { to: '/traces', label: 'Traces', also: '/sessions' },
  { to: '/evals', label: 'Evals', also: '/runs' },
  { to: '/alerts', label: 'Alerts' },
  { to: '/scorecards', label: 'Scorecards' },
  { to: '/playground', label: 'Playground' },
  { to: '/system', label: 'System' },
  { to: '/api', label: 'API' },
]
