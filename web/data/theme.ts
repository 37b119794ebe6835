/** Light, dark, or as the system says: kept in this browser. The page's own first lines (index.html) put it in force before anything is painted. */
import { useSyncExternalStore } from 'react'

export const THEMES = ['system', 'light', 'dark'] as const
export type Theme = (typeof THEMES)[number]

const KEY = 'assay.theme'
const CHANGED = 'assay-theme'
const systemIsDark = window.matchMedia('(prefers-color-scheme: dark)')

/** A browser may keep nothing: then it is what this page was told. */
let told: Theme = read()

function read(): Theme {
  try {
    const kept = localStorage.getItem(KEY)
    return THEMES.find((theme) => theme === kept) ?? 'system'
  } catch {
    return 'system'
  }
}

function apply(theme: Theme): void {
  told = theme
  document.documentElement.style.colorScheme = theme === 'system' ? '' : theme
  window.dispatchEvent(new Event(CHANGED))
}

export function chooseTheme(theme: Theme): void {
  try {
    if (theme === 'system') localStorage.removeItem(KEY)
    else localStorage.setItem(KEY, theme)
  } catch {
    // It holds until the page is left.
  }
  apply(theme)
}

// Another tab of the same browser has chosen.
window.addEventListener('storage', ({ key }) => {
  if (key === KEY || key === null) apply(read())
})

function onChange(changed: () => void): () => void {
  window.addEventListener(CHANGED, changed)
  systemIsDark.addEventListener('change', changed)
  return () => {
    window.removeEventListener(CHANGED, changed)
    systemIsDark.removeEventListener('change', changed)
  }
}

export const useTheme = (): Theme => useSyncExternalStore(onChange, () => told)

/** Of what is shown, by choice or by the system. */
export const useIsDark = (): boolean =>
  useSyncExternalStore(onChange, () => (told === 'system' ? systemIsDark.matches : told === 'dark'))
