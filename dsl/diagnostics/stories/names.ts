/** E01xx: packages, imports, names and clauses. */
const FAST = `online eval fast {
  on:   trace
  pass: duration <= 8s
}
`

const SLOW_START = `package shop
template online eval first_token(limit: duration = 2s) {
  score:   time_to_first_token
  pass:    score <= limit
  missing: unknown
}
`

export const NAME_STORIES = {
  E0101: {
    title: 'a file without a package',
    story: `An eval's id is package/name. Results are stored and charts are drawn by it, so it must not depend on where a file
lies: every file says its package once, at its top.`,
    example: FAST,
  },
  E0103: {
    title: 'a name is declared twice',
    story: `Evals, alerts and scorecards share one name space; constants, patterns, scopes, imports and tests have one each. In one of them
a name stands for one thing.`,
    example: `package shop
${FAST}${FAST}`,
  },
  E0104: {
    title: 'an unknown name',
    story: `No declaration of this file has the name, and no import leads to it. What other files declare is reached through an
import, also within one package: import pii from "assay:pii", then pii.email.`,
    example: `package shop
pattern api_key = /sk-[a-z]+/
online eval no_keys {
  on:      llm_call
  pass:    not (output.text matches api_kee)
  missing: unknown
}
`,
  },
  E0105: {
    title: 'an import that cannot be read',
    story: `An import names a standard pack, "assay:pii", or a file relative to the file that imports it, "../shared/limits.eval".
There is no search path: what is not there is an error.`,
    example: `package shop
import limits from "./limits.eval"
${FAST}`,
  },
  E0106: {
    title: 'imports in a circle',
    story: `Two files that import each other cannot be understood one without the other. Move what both need to a third.`,
    example: `package shop
import self from "./shop.eval"
${FAST}`,
  },
  E0108: {
    title: 'an unknown clause',
    story: `The clauses of a declaration are fixed. A misspelt one is never skipped: a rule that silently does less than it says
is worse than none.`,
    example: `package shop
online eval fast {
  onwer: "@shop"
  on:    trace
  pass:  duration <= 8s
}
`,
  },
  E0109: {
    title: 'a clause or field is written twice',
    story: `Neither of the two would be a safe choice.`,
    example: `package shop
online eval fast {
  on:   trace
  pass: duration <= 8s
  pass: duration <= 9s
}
`,
  },
  E0110: {
    title: 'a required clause is not there',
    story: `An online eval needs on: and pass:, an offline eval every:, sample:, judge:, show:, scale:, rubric: and pass:, an alert
on:, when: and severity:, a scorecard every:, over: and row:.`,
    example: `package shop
online eval fast {
  on: trace
}
`,
  },
  E0111: {
    title: 'a clause of another kind of declaration',
    story: `The clause exists, but not here: an online eval runs on every subject and has no every:, an alert has no rubric:.`,
    example: `package shop
online eval fast {
  on:       trace
  pass:     duration <= 8s
  severity: page
}
`,
  },
  E0112: {
    title: 'a clause does not take this',
    story: `Some clauses take one of a few words, or a text. The message names what may stand there.`,
    example: `package shop
online eval fast {
  on:   trace
  pass: duration <= 8s
  mode: silent
}
`,
  },
  E0113: {
    title: 'a field where there is no trace',
    story: `A constant has one value, whatever trace is looked at: it is made of literals and other constants. The pass: of an
offline eval reads the judge's score alone; what it should look at belongs in the sample's where.`,
    example: `package shop
const limit = duration
`,
  },
  E0114: {
    title: 'a definition in a circle',
    story: `A constant, a scope or an eval that needs itself to be worked out has no value.`,
    example: `package shop
const a = b + 1
const b = a + 1
`,
  },
  E0117: {
    title: 'a name with a meaning already',
    story: `A constant called like a field, or a scope called like a subject, would change what other sentences of the file mean.`,
    example: `package shop
const duration = 8s
`,
  },
  E0118: {
    title: 'a declared name with dots',
    story: `A dot leads into something: pii.email is the email of the import pii. What is declared has a name without one.`,
    example: `package shop
const shop.limit = 8s
`,
  },
  E0119: {
    title: 'an id is declared in two files',
    story: `Files of one package share its ids, and an id stands for one eval or alert: results are stored by it.`,
    example: `package shop
import other from "./other.eval"
${FAST}alert slow {
  on:       other.fast
  when:     count(fail) >= 1 over 10m
  severity: ticket
}
`,
  },
  E0121: {
    title: 'a former name that cannot be one',
    story: `was: names what an eval was called before, so that its results go on under the new name. A name that is declared now has a
history of its own, and a history belongs to one eval: two cannot claim it. Write was: solved for a name of the same package,
was: "support/solved" for one of another, and several with commas.`,
    example: `package shop
online eval quick {
  on:   trace
  pass: duration <= 2s
}
online eval fast {
  was:  quick
  on:   trace
  pass: duration <= 8s
}
`,
  },
  W0120: {
    title: 'an import that is not used',
    story: `Nothing of the file needs it. An import brings names only: the evals behind it come into force when something here
refers to them, or when their file is among those that are loaded.`,
    example: `package shop
import other from "./other.eval"
online eval slow {
  on:   trace
  pass: duration <= 8s
}
`,
  },
  E0122: {
    title: 'a template is not used like this',
    story: `A template's parameters are given by name, each once and with a value of its type made of literals and constants; those with a
default may be left out. on: of an online eval may stand among them. An online eval is made from a template of online evals.`,
    example: `${SLOW_START}online eval quick_start = first_token(on: llm_call, limits: 1500ms)
`,
  },
  E0124: {
    title: 'a clause that is not for this place',
    story: `An eval that is made from a template says who, where and when: title:, owner:, was:, mode:, missing:, and on: or every:, sample:, judge:,
labels:, budget:. What is measured is the template's, and what should differ from use to use is a parameter of it. A template itself
has no was:, as it has no results.`,
    example: `${SLOW_START}online eval quick_start = first_token(on: llm_call) {
  pass: score <= 1s
}
`,
  },
  E0125: {
    title: 'a template that does not fit its use',
    story: `With these arguments, or on these subjects, the template's clauses would be in error, though with others they are not: a field
that the subject does not have, a value out of reach. The note says where in the template.`,
    example: `${SLOW_START}online eval quick_start = first_token(on: tool_call)
`,
  },
} as const
