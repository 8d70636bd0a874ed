# I7: a session went on believing that its owner drains
world 15639028507977122424
configure 75 185 182
deliver 206 17 129
deliver 180 187 37
deliver 185 22 207
deliver 147 137 3
ask 166 141 164
connect 116 158 107
deliver 187 178 139
deliver 72 199 20
deliver 36 202 88
deliver 60 1 36
deliver 32 202 215
deliver 192 53 144
deliver 165 58 165
intent 152 169 234
deliver 234 99 104
intent 140 232 48
