import { type ReactElement, useEffect, useState } from 'react'

type Theme = 'light' | 'dark'

/** Light or dark. Until somebody chooses, the page goes with the system. */
export function ThemeToggle(): ReactElement {
  const [theme, setTheme] = useState(currentTheme)

  useEffect(() => {
    const system = matchMedia('(prefers-color-scheme: dark)')
    const follow = (): void => setTheme(currentTheme())
    system.addEventListener('change', follow)
    return () => system.removeEventListener('change', follow)
  }, [])

  const other: Theme = theme === 'dark' ? 'light' : 'dark'
  const toggle = (): void => {
    document.documentElement.dataset['theme'] = other
    localStorage.setItem('theme', other)
    setTheme(other)
  }
  return (
    <button type="button" className="button theme" onClick={toggle} data-testid="theme" aria-label={`Switch to the ${other} theme`}>
      <span aria-hidden="true" className="half" />
    </button>
  )
}

function currentTheme(): Theme {
  const chosen = document.documentElement.dataset['theme']
  if (chosen === 'light' || chosen === 'dark') return chosen
  return matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light'
}
