package room

// longestFile is how many bytes a file has at most.
const longestFile = 10 << 20
