/// How long executions of a model take, as far as the last ones tell.
struct ExecutionCost: Sendable {
  /// About what it takes to wake another thread and be woken by it, in nanoseconds.
  static let threshold: UInt64 = 40_000
  /// Executions that are looked at before anything is said.
  private static let needed = 16
  /// What one long execution counts against short ones. A thread that loses its processor makes an execution
  /// long without telling anything of the model; that happens to few, so a few must not count.
  private static let longWeight = 12
  /// Other connections would notice one that takes this long, in nanoseconds; the next ones are queued.
  private static let veryLong: UInt64 = 1_000_000
  private static let veryLongWeight = 30
  /// The level from which on executions are not small.
  private static let smallBelow = 36
  /// The highest level, so that a model that becomes fast is seen to be.
  private static let highest = 72

  private var seen = 0
  /// Rises with each long execution, falls with each short one.
  private var level = 0

  /// Whether the next execution will likely take less time than a change of threads.
  var isSmall: Bool { seen >= Self.needed && level < Self.smallBelow }

  mutating func add(_ time: UInt64) {
    seen = min(seen + 1, Self.needed)
    let change =
      time > Self.veryLong
      ? Self.veryLongWeight : time > Self.threshold ? Self.longWeight : -1
    level = min(max(level + change, 0), Self.highest)
  }
}
