/**
 * Whether every match of a regex contains some fixed character, by which most texts can be dismissed at once. Works on
 * sources that RE2 has accepted; what it does not understand counts as no literal.
 */
export function hasRequiredLiteral(source: string): boolean {
  return new LiteralFinder(source).alternatives()
}

const CLASS_ESCAPES = /[dDwWsSpPbBAzC]/

class LiteralFinder {
  #at = 0
  readonly #source: string

  constructor(source: string) {
    this.#source = source
  }

  /** Up to a closing bracket or the end: every branch has to have one. */
  alternatives(): boolean {
    let all = true
    for (;;) {
      all = this.#sequence() && all
      if (this.#source[this.#at] !== '|') return all
      this.#at++
    }
  }

  #sequence(): boolean {
    let found = false
    while (this.#at < this.#source.length && !'|)'.includes(this.#source[this.#at] as string)) {
      const literal = this.#atom()
      if (this.#repeatsAtLeastOnce() && literal) found = true
    }
    return found
  }

  #atom(): boolean {
    const char = this.#source[this.#at++]
    switch (char) {
      case '(':
        return this.#group()
      case '[':
        return this.#class()
      case '\\':
        return this.#escape()
      case '.':
      case '^':
      case '$':
        return false
      default:
        return true
    }
  }

  #group(): boolean {
    const flags = /^\?(?:P?<\w+>|[a-zA-Z-]*(:|\)))/.exec(this.#source.slice(this.#at))
    if (flags !== null) {
      this.#at += flags[0].length
      if (flags[1] === ')') return false
    }
    const literal = this.alternatives()
    this.#at++
    return literal
  }

  /** A class of one character is that character. */
  #class(): boolean {
    const rest = this.#source.slice(this.#at - 1)
    const match = /^\[\^?\]?(?:\[:\^?\w+:\]|\\[\s\S]|(?!\[:\^?\w+:\])[^\]\\])*\]/.exec(rest)
    const whole = match?.[0] ?? rest
    this.#at += whole.length - 1
    return /^\[(?:[^^\\]|\\[^dDwWsSpP])\]$/.test(whole)
  }

  #escape(): boolean {
    const char = this.#source[this.#at++] ?? ''
    if (char === 'p' || char === 'P') this.#at += /^(?:\{[^}]*\}|.)/.exec(this.#source.slice(this.#at))?.[0].length ?? 0
    if (char === 'x') this.#at += /^(?:\{[^}]*\}|..)/.exec(this.#source.slice(this.#at))?.[0].length ?? 0
    return !CLASS_ESCAPES.test(char)
  }

  /** Reads the quantifier behind an atom. */
  #repeatsAtLeastOnce(): boolean {
    const match = /^(?:[*?+]|\{(\d+)(?:,\d*)?\})\??/.exec(this.#source.slice(this.#at))
    if (match === null) return true
    this.#at += match[0].length
    return match[0].startsWith('+') || Number(match[1] ?? 0) > 0
  }
}
