import { useMemo } from 'react'
import { useIsDark } from '../data/theme.ts'

/** Colours of the theme in force, for what is drawn on a canvas: by the name of their variable. */
export function useColours(): (name: string) => string {
  const isDark = useIsDark()
  return useMemo(() => {
    const known = new Map<string, string>()
    return (name) => {
      const key = `${name} ${isDark}`
      const colour = known.get(key) ?? resolve(name)
      known.set(key, colour)
      return colour
    }
  }, [isDark])
}

/** A variable's own value is its text; only where it is used does it become a colour. */
function resolve(name: string): string {
  const probe = document.createElement('span')
  probe.style.color = `var(${name})`
  document.body.append(probe)
  const { color } = getComputedStyle(probe)
  probe.remove()
  return color
}
