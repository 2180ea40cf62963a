/// How long executions of a model take, as far as the last ones tell.
struct ExecutionCost: Sendable {
  /// About what it takes to wake another thread and be woken by it.
  static let threshold: UInt64 = 40_000
  /// Executions that are looked at before anything is said.
  private static let needed = 16

  private var seen = 0
  /// An average that rises faster than it falls, in nanoseconds.
  private var level: UInt64 = 0

  /// Whether the next execution will likely take less time than a change of threads.
  var isSmall: Bool { seen >= Self.needed && level < Self.threshold }

  mutating func add(_ time: UInt64) {
    seen = min(seen + 1, Self.needed)
    // A thread that lost its processor for a while says little about the model: once must not count,
    // again and again must.
    let time = min(time, 8 * Self.threshold)
    level = time > level ? level + (time - level) / 10 : level - (level - time) / 64
  }
}
