/** What fewer traces have, or lack, is not tested. */
export const FEWEST_WITH = 5

/** Where there are traces enough, but nothing that some have and others lack, as in the traces of an agent that has one tool and one version. */
export const NOTHING_TO_COMPARE = `there was nothing to compare: no tool, model, version, prompt or attribute is in at least ${FEWEST_WITH} of the traces and missing from at least ${FEWEST_WITH}`
