export const PAGES = [
  { to: '/', label: 'Live' },
  { to: '/traces', label: 'Traces' },
  { to: '/evals', label: 'Evals' },
  { to: '/system', label: 'System' },
] as const
