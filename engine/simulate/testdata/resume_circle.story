# I4: a rebuilt session whose visitor is away answered each Resume by a report that made the router say it again, for ever
world 4560642061891045783
ask 0 32 42
settle 183 200 73
power_cut 78 132 81
connect 218 223 216
