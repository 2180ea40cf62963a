/// Counts the responses of one decoupled request, each by the time that passed since the last one.
struct ResponseCounter: Sendable {
  private let statistics: ModelStatistics
  private let arrival: UInt64
  private var index = 0
  private var last: UInt64

  /// For a request whose computation has begun.
  init(_ statistics: ModelStatistics, _ times: RequestTimes) {
    self.statistics = statistics
    arrival = times.arrival
    last = times.inputEnd
  }

  /// A response whose outputs were there at `computed`; `sent` is when it had been made and sent, nil where
  /// it came to neither.
  mutating func count(
    _ outcome: ModelStatistics.ResponseOutcome, computed: UInt64, sent: UInt64? = nil
  ) {
    if outcome == .success, index == 0, let sent {
      statistics.countFirstResponse(sent &- arrival)
    }
    statistics.countResponse(
      index, outcome, infer: computed &- min(last, computed),
      output: sent.map { $0 &- min(computed, $0) })
    index += 1
    last = sent ?? computed
  }
}
