/**
 * 09xx: parts of the language that this version does not have: there are none. What would change a verdict is refused; what compiles and has
 * no effect is warned of. Nothing is dropped silently. Codes of the past, never given again: E0901, E0902, E0903, W0904, W0905.
 */
export const LATER_STORIES = {} as const
