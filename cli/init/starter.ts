/** What a new folder begins with: rules that work on any agent's traces, and tests that pass. */

export const STARTER_EVALS = `# Rules for your agent: each is judged on every trace as it arrives, and its tests run offline.
# Change them to what you promise your users, and delete what you do not need.
package  agent
import   pii from "assay:pii"              # a standard pack: e-mail addresses, card numbers, phone numbers and more
const    limit: duration = 10s

# An online eval is pass, fail or unknown. \`score\` is what is measured and charted, \`pass\` decides.
online eval fast {
  title:    "The whole answer arrives in time"
  on:       trace
  score:    duration
  pass:     score <= limit
}

online eval no_pii {
  title:    "No answer gives away personal data"
  on:       llm_call
  pass:     not (output.text matches any [pii.email, pii.phone, pii.card, pii.iban])
  missing:  unknown                        # content capture is opt-in: its absence is neither a pass nor a fail
  redact:   output.text                    # what matched is masked before it is stored
}

online eval no_loops {
  title:    "No tool is called with the same arguments three times"
  on:       trace
  pass:     repeats(tool_call) <= 2
  missing:  unknown
}

# An alert watches the verdicts of an eval.
alert pii_leak {
  on:       no_pii
  when:     count(fail) >= 1 over 10m
  severity: ticket
  notify:   slack("#agent-alerts")
}

# Tests say by example what a rule means. \`assay test\` runs them without a network.
test "an answer in time" {
  given trace {
    duration: 3s
    llm_call { output.text: "Your order is on its way." }
  }
  expect fast: pass
  expect no_pii: pass
}

test "a slow answer" {
  given trace { duration: 12s }
  expect fast: fail
}

test "an answer with an e-mail address" {
  given trace {
    llm_call { output.text: "Please write to maria.lopez@lopez-family.net." }
  }
  expect no_pii: fail
}

test "an answer that was not captured" {
  given trace {
    llm_call { output.text: missing }
  }
  expect no_pii: unknown because output.text
}

test "the same call again and again" {
  given trace {
    tool_call { name: "lookup_order"  arguments.text: "{\\"order_id\\":\\"A-2077\\"}" }
    tool_call { name: "lookup_order"  arguments.text: "{\\"order_id\\":\\"A-2077\\"}" }
    tool_call { name: "lookup_order"  arguments.text: "{\\"order_id\\":\\"A-2077\\"}" }
  }
  expect no_loops: fail
}

test "two different calls" {
  given trace {
    tool_call { name: "lookup_order"  arguments.text: "{\\"order_id\\":\\"A-2077\\"}" }
    tool_call { name: "lookup_order"  arguments.text: "{\\"order_id\\":\\"A-2078\\"}" }
  }
  expect no_loops: pass
}

test "calls whose arguments were not captured" {
  given trace {
    tool_call { name: "lookup_order" }
    tool_call { name: "lookup_order" }
    tool_call { name: "lookup_order" }
  }
  expect no_loops: unknown because arguments.text
}

test "one leak is enough" {
  given no_pii: pass x 9, fail x 1 each 1m
  expect pii_leak: firing at 10m
}

test "no leak, no alert" {
  given no_pii: pass x 10 each 1m
  expect pii_leak: inactive at 10m
}
`

export const STARTER_README = `# Evals

The \`.eval\` files of this folder say what your agent promises. They are checked and tested in CI, and judged on live traces.

\`\`\`sh
assay check evals             # parse and type-check; \`assay explain E0207\` tells the story of an error
assay test evals              # run the tests in them, offline
assay fmt evals               # lay them out in one style
assay diff --evals evals      # what a change means: which series break, which verdicts change
assay up --evals evals        # judge live traces: OTLP/HTTP is taken on port 4318
assay run evals --on t.json   # judge traces of a file: OTLP as JSON, JSONL or protobuf
assay explain TRACE EVAL      # why a trace got its verdict
assay capture TRACE           # a trace as a test, redacted
\`\`\`

An eval's id is \`package/name\`, and results are stored by it. When you rename one, \`assay diff\` tells you what that does to its history.
`
