# I2: a router that had lost its memory gave a slot away that its former life had promised
world 6793089615483022219
ask 103 26 152
ask 27 111 116
connect 252 231 234
ask 189 196 232
deliver 203 16 187
amnesia 150 85 47
