#if Server
internal import Synchronization

/// Whether the server is about to end: health says so, while calls under way are finished.
final class Draining: Sendable {
  private let flag = Atomic(false)

  var hasBegun: Bool { flag.load(ordering: .acquiring) }

  func begin() { flag.store(true, ordering: .releasing) }
}
#endif
