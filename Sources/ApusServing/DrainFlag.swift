internal import Synchronization

/// Whether the server is about to stop: clients hear that it is not ready and connections end with their next answer,
/// everything else goes on.
package final class DrainFlag: Sendable {
  private let flag = Atomic(false)

  package init() {}

  package var isOn: Bool { flag.load(ordering: .relaxed) }
  package func turnOn() { flag.store(true, ordering: .relaxed) }
}
