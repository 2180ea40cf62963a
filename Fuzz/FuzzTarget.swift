/// Everything that is fuzzed: each function hands bytes to one reader, ignores typed errors and traps
/// where what must hold does not.
enum FuzzTarget {}
