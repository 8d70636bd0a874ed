# I5: a configuration in between had fewer steps, and the router forgot how far the search had come
world 16707819659591693813
connect 1 69 24
deliver 219 124 156
ask 154 204 80
deliver 34 70 67
deliver 230 219 228
deliver 239 218 148
deliver 15 25 83
deliver 150 68 46
deliver 169 58 9
deliver 124 26 212
deliver 222 49 26
deliver 185 233 135
deliver 74 188 103
configure 177 26 173
deliver 16 184 97
configure 255 209 121
