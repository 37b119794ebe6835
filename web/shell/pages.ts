export const PAGES = [
  { to: '/', label: 'Live' },
  { to: '/system', label: 'System' },
] as const
