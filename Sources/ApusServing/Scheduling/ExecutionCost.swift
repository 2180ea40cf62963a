/// How long executions of a model take, as far as the last ones tell.
struct ExecutionCost: Sendable {
  /// About what it takes to wake another thread and be woken by it, in nanoseconds.
  static let threshold: UInt64 = 40_000
  /// Executions that are looked at before anything is said.
  private static let needed = 16
  /// What one long execution counts against short ones. A thread that loses its processor makes an execution
  /// long without telling anything of the model; that happens to few, so a few must not count.
  private static let weight = 12
  /// Other connections would notice one that takes this long, in nanoseconds; the next ones are queued.
  private static let veryLong: UInt64 = 1_000_000
  private static let limit = 72

  private var seen = 0
  /// Rises with each long execution, falls with each short one.
  private var level = 0

  /// Whether the next execution will likely take less time than a change of threads.
  var isSmall: Bool { seen >= Self.needed && level < Self.limit / 2 }

  mutating func add(_ time: UInt64) {
    seen = min(seen + 1, Self.needed)
    let weight = time > Self.veryLong ? 30 : time > Self.threshold ? Self.weight : -1
    level = min(max(level + weight, 0), Self.limit)
  }
}
