/** The registry of codes. A code is never given another meaning, and never reused. */
export interface CodeStory {
  readonly title: string
  /** The long story of `assay explain`. */
  readonly story: string
  /** A file that has it; its diagnostic is what the golden test of the code shows. */
  readonly example: string
}

export const CODES = {
  E0001: { title: '', story: '', example: '' },
} satisfies Record<string, CodeStory>

export type Code = string
