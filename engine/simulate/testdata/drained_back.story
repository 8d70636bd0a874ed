# I7: an operator who drains came back, and its detached sessions were not told
world 4560642061891045783
connect 0 233 24
connect 1 128 24
connect 2 44 24
ask 113 217 92
deliver 196 210 199
deliver 226 61 36
deliver 88 129 245
ask 59 87 64
connect 249 248 171
deliver 137 226 127
deliver 0 70 179
deliver 207 84 150
deliver 248 204 230
deliver 65 130 122
ask 121 80 253
deliver 222 191 220
ask 45 128 177
deliver 27 26 87
intent 141 65 12
deliver 171 66 152
deliver 161 225 32
deliver 81 185 35
blackout 51 50 9
connect 117 250 101
