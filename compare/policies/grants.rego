# Grants are data, by capability and method. Exact paths are keys; patterns lie under the number of their segments,
# and what is literal in them is one `object.subset`. Several definitions rather than a chain of `else`: the virtual
# machine of regorus 0.14.1 passes over later branches of such a chain, and is no faster with it.
package aivault

default granted := false

granted if data.grants[input.capability][input.method].exact[input.path]

granted if {
	some literal in data.grants[input.capability][input.method].shaped[input.segments]
	object.subset(input.at, literal)
}

granted if {
	some wanted in data.grants[input.capability][input.method].starting[input.segments]
	startswith(input.at[wanted.at], wanted.text)
	object.subset(input.at, wanted.literal)
}

granted if {
	some wanted in data.grants[input.capability][input.method].ending[input.segments]
	endswith(input.at[wanted.at], wanted.text)
	object.subset(input.at, wanted.literal)
}

granted if {
	some wanted in data.grants[input.capability][input.method].rest
	input.at[wanted.last]
	object.subset(input.at, wanted.literal)
}
