# I9: of two equal words in one millisecond the first could not be kept, and the second, which was, did not count
world 2864410141877505189 off
jam 93 118 160
intent 129 140 207
intent 81 175 180
