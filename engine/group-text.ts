/** What people read of the group of a `by`: one label after the other. */

/** In place of what subjects do not have: an empty text after a label would look like a mistake. */
const NONE = '(none)'

export const labelValueText = (value: string): string => (value === '' ? NONE : value)

/** `agent.version 2.1` of each label. */
export const groupLabels = (group: Readonly<Record<string, string>>): string[] =>
  Object.entries(group).map(([label, value]) => `${label} ${labelValueText(value)}`)
