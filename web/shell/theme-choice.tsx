import { chooseTheme, THEMES, useTheme } from '../data/theme.ts'

const WORDS = { system: 'As the system', light: 'Light', dark: 'Dark' } as const

export function ThemeChoice() {
  const theme = useTheme()
  return (
    <select
      className="theme"
      aria-label="Theme"
      value={theme}
      onChange={(event) => chooseTheme(THEMES.find((one) => one === event.target.value) ?? 'system')}
    >
      {THEMES.map((one) => (
        <option key={one} value={one}>
          {WORDS[one]}
        </option>
      ))}
    </select>
  )
}
