package aivault

default allow := false

allow if {
	granted
	not denied
}

limited if {
	startswith(input.caller, "agent:")
	input.capability == "openai/chat-completions"
}

denied if {
	limited
	refused
}

refused if not input.body.model in {"gpt-4o-mini", "gpt-4.1-mini"}

refused if not bounded

refused if input.body.stream

refused if {
	some message in input.body.messages
	not message.role in {"system", "user", "assistant"}
}

refused if input.body.n >= 2

refused if contains(input.body.service_tier, "-pro")

bounded if {
	input.body.max_tokens >= 1
	input.body.max_tokens <= 4096
}
