/** 07xx: what evals cost at most. */
export const COST_STORIES = {
  E0701: {
    title: 'an eval costs more than one may',
    story: `Every eval has a static bound of what it costs for one subject: operators times caps, which hold at run time. One operation is one
operator applied to one value, one character of a text that is searched, or one span that is looked at. A condition on a text inside of an
aggregate is what costs most: up to 10,000 spans of up to 65,536 characters each.

The limit is the project's own, in the assay.yaml beside or above the evals:

  cost:
    perEval: 10G

To cost less, judge the spans by themselves (on: llm_call, as they arrive) rather than all of them at the end of a trace, ask
for the verdict of such an eval (fails(no_pii)), or match fewer patterns. "assay check --cost" lists every term with its share.`,
    example: `package shop
online eval careful {
  on:      trace
  pass:    count(llm_call) <= 12
           and not any(llm_call where output.text matches any [/sk-/, /ghp_/, /xoxb-/, /AKIA/, /glpat-/, /hf_/, /eyJ/, /AIza/, /SG\\./, /npm_/]
             or input.text matches any [/sk-/, /ghp_/, /xoxb-/, /AKIA/, /glpat-/, /hf_/, /eyJ/, /AIza/, /SG\\./, /npm_/])
  missing: unknown
}
`,
  },
  E0702: {
    title: 'all evals together cost more than they may',
    story: `The bounds of all evals, added up, exceed what the project's assay.yaml allows:

  cost:
    total: 12G

The place is the costliest term of the costliest eval. "assay check --cost" lists all of them.`,
    example: `package shop
online eval no_key {
  on:      trace
  pass:    not any(llm_call where output.text matches any [/sk-/, /ghp_/, /xoxb-/, /AKIA/, /glpat-/, /hf_/, /eyJ/, /AIza/, /SG\\./])
  missing: unknown
}
online eval no_key_asked {
  on:      trace
  pass:    not any(llm_call where input.text matches any [/sk-/, /ghp_/, /xoxb-/, /AKIA/, /glpat-/, /hf_/, /eyJ/, /AIza/, /SG\\./, /npm_/])
  missing: unknown
}
`,
  },
} as const
