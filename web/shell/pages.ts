export const PAGES = [
  { to: '/', label: 'Live' },
  { to: '/traces', label: 'Traces' },
  { to: '/evals', label: 'Evals' },
  { to: '/alerts', label: 'Alerts' },
  { to: '/scorecards', label: 'Scorecards' },
  { to: '/playground', label: 'Playground' },
  { to: '/system', label: 'System' },
  { to: '/api', label: 'API' },
] as const
