/// Decides when and where requests of a model run.
protocol Scheduler: Sendable {
  /// Takes a request over and answers it in any case; false, and no answer, where it was stopped.
  func submit(_ request: ActiveRequest) -> Bool
  /// Takes no more requests, finishes those it has and calls `done`, once.
  func stop(_ done: @escaping @Sendable () -> Void)
  /// Requests accepted and not begun.
  var pendingCount: Int { get }
}
