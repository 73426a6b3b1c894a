package hallpass

import rego.v1

default allow := false

allow if {
	input.principal == "0x5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e"
	input.action == "move(uint256,uint8)"
	input.resource == "0xa28f80557588eee1d429812adcf49c51a3610665"
	input.context.hero in {1, 2, 3}
	input.context.direction <= 3
}

allow if {
	input.principal == "0x5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e"
	input.action == "transfer(address,uint256)"
	input.resource == "0x83142cd85e3b201a96099f6fbb5cee8873ca548c"
	input.context.to == "0xd0ddeedbe060c3a5dcceedd7245b4c06a49cbfb5"
	input.context.amount <= 50000000
}

allow if {
	input.principal == "0x5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e"
	input.action == ""
	input.resource == "0x4fbafd65dd3eabd1f7feffd903fa8bb864d8c86b"
}

allow if {
	input.principal == "0x5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e"
	input.action == "mint(address,uint256)"
	input.resource == "0x598f6ffc69e5b031e2f56a46d1138145288463c6"
	input.context.to == "0x28c95f95d477f0296cd74ae231585bad318b72d3"
	input.context.tier <= 2
}

allow if {
	input.principal == "0x5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e"
	input.action == "claim(uint256,address)"
	input.resource == "0x80d96eabca80deda11d7e9dfaa8587d48d4685a0"
	input.context.season == 7
	input.context.to == "0x28c95f95d477f0296cd74ae231585bad318b72d3"
}

allow if {
	input.principal == "0x5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e"
	input.action == "castVote(uint256,uint8)"
	input.resource == "0x2764f604bd262908e317be2969017a29101f265e"
	input.context.proposal in {11, 12}
	input.context.support <= 2
}
