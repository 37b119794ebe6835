/** What can be imported by name wherever Assay is installed: one for each file of `evals/`. */
export const STANDARD_PACKS: readonly string[] = [
  'assay:agent',
  'assay:cost',
  'assay:latency',
  'assay:pii',
  'assay:rag',
  'assay:safety',
]
