#if Server
internal import Synchronization

/// Whether the server is about to end. Calls under way are told that they are cancelled then, although
/// they are to be finished.
final class Draining: Sendable {
  private let flag = Atomic(false)

  var hasBegun: Bool { flag.load(ordering: .acquiring) }

  func begin() { flag.store(true, ordering: .releasing) }
}
#endif
